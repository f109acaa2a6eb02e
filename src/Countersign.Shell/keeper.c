/*
 * countersign-keeper LOCK UID|- SSHD ARGUMENT...: runs sshd for the gateway, and sees to it that nothing of sshd outlives either.
 *
 * Standard input is a pipe whose other end only the gateway has. Its end is the sign to stop, and it comes however the gateway
 * ends, SIGKILL included. A signal on a parent's death (PR_SET_PDEATHSIG) would not do for that: it follows a thread, and
 * reaches sshd but not the processes that sshd makes for its connections. Those are in sessions of their own, so signalling a
 * process group would not reach them either; but as "child subreaper" (prctl(2)) we inherit each one whose parent ends.
 *
 * It holds the lock on LOCK until its end: after a gateway was killed, the next one's keeper waits for the last one's.
 *
 * With a UID it becomes that user first, with no other group and no way back; sshd then is no root process at all.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DRAIN_MILLISECONDS = 2000, CANNOT = 71 };

static pid_t sshd;
static int sshd_status = -1;

static int cannot(const char *what)
{
    fprintf(stderr, "countersign-keeper: cannot %s: %m\n", what);
    return CANNOT;
}

static int become(const char *text)
{
    if (strcmp(text, "-") != 0) {
        char *end;
        unsigned long id = strtoul(text, &end, 10);
        if (*text == 0 || *end != 0 || id == 0 || id >= 0xFFFFFFFFUL)
            return -1;
        if (setgroups(0, NULL) != 0 || setresgid((gid_t)id, (gid_t)id, (gid_t)id) != 0 || setresuid((uid_t)id, (uid_t)id, (uid_t)id) != 0)
            return -1;
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Waits for whoever has ended. False: there is nobody left. */
static int reap(int options)
{
    pid_t ended;
    int status;
    while ((ended = waitpid(-1, &status, options)) > 0) {
        if (ended == sshd)
            sshd_status = status;
    }
    return ended == 0;
}

/* What a killed process leaves behind comes to us as our child, so it is in the next round. */
static void kill_all(void)
{
    char list[64];
    snprintf(list, sizeof list, "/proc/self/task/%d/children", (int)getpid());
    do {
        FILE *children = fopen(list, "r");
        int child;
        if (!children) {
            kill(sshd, SIGKILL);
            return;
        }
        while (fscanf(children, "%d", &child) == 1)
            kill(child, SIGKILL);
        fclose(children);
        waitpid(-1, &child, 0);
    } while (reap(WNOHANG));
}

static int start(char **words, const sigset_t *before)
{
    pid_t keeper = getpid();
    sshd = fork();
    if (sshd != 0)
        return sshd < 0 ? -1 : 0;
    if (dup2(STDOUT_FILENO, STDIN_FILENO) < 0) /* /dev/null, by now: the pipe is the keeper's alone */
        _exit(CANNOT);
    sigprocmask(SIG_SETMASK, before, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* should somebody kill the keeper; it has one thread, so here it can be relied on */
    if (getppid() != keeper)
        _exit(CANNOT);
    execv(words[0], words);
    _exit(cannot("start sshd"));
}

int main(int count, char **words)
{
    if (count < 4)
        return CANNOT;
    sigset_t ours, before;
    sigemptyset(&ours);
    const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(&ours, signals[i]);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, STDOUT_FILENO) < 0) /* standard output is the gateway's, and whoever reads it waits for its end */
        return cannot("open /dev/null");
    setsid(); /* Ctrl-C in the gateway's terminal is the gateway's: it ends what is held with a sentence, and then us */
    int lock = open(words[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX) != 0)
        return cannot("take the lock");
    if (become(words[2]) != 0)
        return cannot("become the user that sshd runs as");
    sigprocmask(SIG_BLOCK, &ours, &before);
    int arrived = signalfd(-1, &ours, SFD_CLOEXEC);
    if (arrived < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 || start(words + 3, &before) != 0)
        return cannot("keep sshd");

    int stopping = 0;
    struct pollfd watched[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = arrived, .events = POLLIN}};
    for (;;) {
        if (poll(watched, 2, stopping ? DRAIN_MILLISECONDS : -1) == 0)
            break; /* connections that carry nothing stay as long as their clients like */
        if (watched[1].revents) {
            struct signalfd_siginfo signal;
            if (read(arrived, &signal, sizeof signal) != sizeof signal)
                break;
            int somebody = reap(WNOHANG);
            if (!somebody || (sshd_status != -1 && !stopping))
                break; /* all have ended; or sshd by itself, and who is to start it again wants a clean table */
            if (signal.ssi_signo != SIGCHLD && !stopping) {
                stopping = 1;
                kill(sshd, SIGTERM);
            }
        }
        if (watched[0].revents) {
            char more;
            if (read(STDIN_FILENO, &more, 1) > 0)
                continue;
            watched[0].fd = -1;
            stopping = 1;
            kill(sshd, SIGTERM); /* takes no further connections; the commands under way get to say their last words */
        }
    }
    kill_all();
    return stopping ? 0 : WIFEXITED(sshd_status) ? WEXITSTATUS(sshd_status) : 128 + WTERMSIG(sshd_status);
}
