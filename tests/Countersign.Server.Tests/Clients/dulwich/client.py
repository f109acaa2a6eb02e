"""dulwich. Shows what a program would have to show: the remote's words, and the text of the error."""
import os
import sys

import dulwich
from dulwich import porcelain
from dulwich.repo import Repo


def fetch(folder, who):
    with Repo(folder) as repo:
        porcelain.fetch(repo, "origin", errstream=sys.stderr.buffer, **who)


def push(folder, who):
    with Repo(folder) as repo:
        remote = repo.get_config().get((b"remote", b"origin"), b"url").decode()
        client, path = dulwich.client.get_transport_and_path(remote, **who)
        tip = repo.refs[b"refs/heads/main"]

        def progress(text):
            if text:  # a sign of life is an empty text
                print(f"remote: {text.decode()}", end="", file=sys.stderr, flush=True)

        result = client.send_pack(
            path, lambda refs: {b"refs/heads/main": tip}, repo.generate_pack_data, progress=progress)
        # porcelain.push raises nothing when a ref was refused: whoever scripts it must look here.
        refused = {ref: why for ref, why in (result.ref_status or {}).items() if why}
        if refused:
            raise dulwich.errors.GitProtocolError(", ".join(f"{ref.decode()}: {why}" for ref, why in refused.items()))


def main(verb, *arguments):
    who = {"username": os.environ.get("CLIENT_USER"), "password": os.environ.get("CLIENT_TOKEN")}
    if verb == "version":
        print("dulwich " + ".".join(str(part) for part in dulwich.__version__))
    elif verb == "clone":
        porcelain.clone(arguments[0], arguments[1], errstream=sys.stderr.buffer, **who).close()
    elif verb == "fetch":
        fetch(arguments[0], who)
    elif verb == "push":
        push(arguments[0], who)
    else:
        sys.exit(2)


try:
    main(*sys.argv[1:])
except Exception as error:  # dulwich has no common base for what it raises
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    sys.exit(1)
