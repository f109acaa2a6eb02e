/*
 * countersign-shell: what sshd runs, in two places.
 *
 *   countersign-shell SOCKET KEYID [uv|touch]        forced command: one command of somebody whose signature sshd has verified
 *   countersign-shell --keys SOCKET TYPE BASE64      AuthorizedKeysCommand: prints the line for a key, or nothing
 *
 * It decides nothing. It tells the gateway what sshd proved, gives it the descriptors of standard input, output and error
 * (SCM_RIGHTS, unix(7)), so that no data goes through here, and waits: for the exit status, for the gateway to go, or for the
 * client to go. One message is one datagram (SOCK_SEQPACKET): it arrives whole or not at all.
 *
 *   C1 S  key id, mark, SSH_CONNECTION, SSH_ORIGINAL_COMMAND, GIT_PROTOCOL     with three descriptors; answer: one byte
 *   C1 K  type, base64                                                         without; answer: the line, empty for none
 *
 * Each field is its length in two bytes, big-endian, and its bytes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_MESSAGE = 16384, UNAVAILABLE = 69, LOST = 75, USAGE = 64 }; /* exit codes as in sysexits.h */

static unsigned char message[MAX_MESSAGE];
static size_t length;

/* People read this in their terminal, below "remote:" or alone. */
static int fail(int code, const char *line)
{
    char text[256];
    int size = snprintf(text, sizeof text, "countersign: %s\n", line);
    if (write(STDERR_FILENO, text, (size_t)size) < 0) {
        /* nobody is left to tell */
    }
    return code;
}

static int add(const char *field)
{
    size_t size = field ? strlen(field) : 0;
    if (size > 0xFFFF || length + 2 + size > sizeof message)
        return -1;
    message[length++] = (unsigned char)(size >> 8);
    message[length++] = (unsigned char)size;
    if (size > 0)
        memcpy(message + length, field, size);
    length += size;
    return 0;
}

/* The gateway runs as our own user, or as root; whoever else made a socket there gets nothing from us. */
static int connect_to_gateway(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    int gateway = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (gateway < 0 || connect(gateway, (struct sockaddr *)&address, sizeof address) != 0)
        return -1;
    if (getsockopt(gateway, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || (peer.uid != getuid() && peer.uid != 0))
        return -1;
    return gateway;
}

static ssize_t send_message(int gateway, int with_descriptors)
{
    const int descriptors[3] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof descriptors)];
    } control = {0};
    struct iovec part = {.iov_base = message, .iov_len = length};
    struct msghdr whole = {.msg_iov = &part, .msg_iovlen = 1};
    if (with_descriptors) {
        whole.msg_control = &control;
        whole.msg_controllen = sizeof control;
        struct cmsghdr *rights = CMSG_FIRSTHDR(&whole);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof descriptors);
        memcpy(CMSG_DATA(rights), descriptors, sizeof descriptors);
    }
    ssize_t sent;
    do
        sent = sendmsg(gateway, &whole, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

static int keys(const char *path, const char *type, const char *base64)
{
    memcpy(message, "C1K", length = 3);
    if (add(type) || add(base64))
        return USAGE;
    int gateway = connect_to_gateway(path);
    if (gateway < 0 || send_message(gateway, 0) < 0)
        return fail(UNAVAILABLE, "the gateway does not answer");
    ssize_t size = recv(gateway, message, sizeof message, 0);
    if (size < 0)
        return LOST;
    return size == 0 || write(STDOUT_FILENO, message, (size_t)size) == size ? 0 : LOST;
}

static int command(const char *path, const char *key, const char *mark)
{
    memcpy(message, "C1S", length = 3);
    if (add(key) || add(mark) || add(getenv("SSH_CONNECTION")) || add(getenv("SSH_ORIGINAL_COMMAND")) || add(getenv("GIT_PROTOCOL")))
        return fail(USAGE, "the command is too long");
    int gateway = connect_to_gateway(path);
    if (gateway < 0 || send_message(gateway, 1) < 0)
        return fail(UNAVAILABLE, "the gateway is not running; try again in a minute");

    /* Standard input is the gateway's alone from here on: when it has read enough, sshd finds out. Standard output stays, to
     * see the client go: asked for no events, poll(2) tells of the last reader's end and of nothing else. */
    close(STDIN_FILENO);
    struct pollfd watched[2] = {{.fd = gateway, .events = POLLIN}, {.fd = STDOUT_FILENO, .events = 0}};
    for (;;) {
        if (poll(watched, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            return LOST;
        }
        if (watched[0].revents) {
            unsigned char status;
            return recv(gateway, &status, 1, 0) == 1 ? status : fail(LOST, "the gateway ended; run the same command again in a minute");
        }
        if (watched[1].revents)
            return LOST; /* which ends our side of the socket, and with it the command */
    }
}

int main(int count, char **words)
{
    if (count == 5 && strcmp(words[1], "--keys") == 0)
        return keys(words[2], words[3], words[4]);
    if (count == 3 || count == 4)
        return command(words[1], words[2], count == 4 ? words[3] : "");
    return fail(USAGE, "started by sshd, not by people");
}
