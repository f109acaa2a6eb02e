"""libgit2 through pygit2. Shows what a program would have to show: the remote's words, and the text of the error."""
import os
import sys

import pygit2


class Callbacks(pygit2.RemoteCallbacks):
    def __init__(self):
        super().__init__()
        self.asked = 0
        self.refused = None

    def credentials(self, url, username_from_url, allowed_types):
        self.asked += 1
        if self.asked > 1:
            raise PermissionError("the server refused the credentials")
        return pygit2.UserPass(os.environ["CLIENT_USER"], os.environ["CLIENT_TOKEN"])

    def sideband_progress(self, string):
        if string:  # a sign of life is an empty text
            print(f"remote: {string}", end="", file=sys.stderr, flush=True)

    def push_update_reference(self, refname, message):
        if message is not None:
            self.refused = f"{refname}: {message}"


def main(verb, *arguments):
    callbacks = Callbacks()
    if verb == "version":
        print(f"libgit2 {pygit2.LIBGIT2_VERSION} (pygit2 {pygit2.__version__})")
    elif verb == "clone":
        pygit2.clone_repository(arguments[0], arguments[1], callbacks=callbacks)
    elif verb == "fetch":
        pygit2.Repository(arguments[0]).remotes["origin"].fetch(callbacks=callbacks)
    elif verb == "push":
        pygit2.Repository(arguments[0]).remotes["origin"].push(["refs/heads/main"], callbacks=callbacks)
        if callbacks.refused:
            raise pygit2.GitError(callbacks.refused)
    else:
        sys.exit(2)


try:
    main(*sys.argv[1:])
except (pygit2.GitError, ValueError, OSError) as error:
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    sys.exit(1)
