/*
 * countersign-account.so: the one account that sshd knows here, preloaded into it (ld.so(8), LD_PRELOAD).
 *
 * Everybody logs in as `git`, and who that is, the key says. sshd, run without root, can only serve its own user anyway; but it
 * asks the system for the account of the name, wants a shell in it that is not nologin, and a password that is not locked. A
 * service user has none of that, and a container may run as a number without any account. So it is told: `git` is you.
 * Nothing is opened by that: no password is compared, no user is changed to. libnss-wrapper does the same with files.
 */
#define _GNU_SOURCE
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static char name[] = "git", password[] = "*", gecos[] = "Countersign", home[] = "/", shell[] = "/bin/sh";
static struct passwd account = {.pw_name = name, .pw_passwd = password, .pw_gecos = gecos, .pw_dir = home, .pw_shell = shell};

static struct passwd *git(void)
{
    account.pw_uid = geteuid();
    account.pw_gid = getegid();
    return &account;
}

struct passwd *getpwnam(const char *asked)
{
    return strcmp(asked, name) == 0 ? git() : NULL;
}

struct passwd *getpwuid(uid_t asked)
{
    return asked == geteuid() ? git() : NULL;
}

/* The reentrant forms, for the libraries that sshd is linked with: their strings are constants, so the buffer is not needed. */
static int reentrant(struct passwd *found, struct passwd *into, struct passwd **result)
{
    *result = NULL;
    if (found) {
        *into = *found;
        *result = into;
    }
    return 0;
}

int getpwnam_r(const char *asked, struct passwd *into, char *buffer, size_t size, struct passwd **result)
{
    (void)buffer, (void)size;
    return reentrant(getpwnam(asked), into, result);
}

int getpwuid_r(uid_t asked, struct passwd *into, char *buffer, size_t size, struct passwd **result)
{
    (void)buffer, (void)size;
    return reentrant(getpwuid(asked), into, result);
}
