/* The fastest plain Modbus TCP server we could think of, so that the client is what is measured.
 * One epoll loop; register n of every unit is n. Usage: server FIRST_PORT PORTS SECONDS
 * Prints "ready" when it listens and ends by itself after SECONDS. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER = 7, REQUEST = 12, REPLY_MAX = 260, BUFFER = 1536 };

struct peer {
    int fd, listens, filled;
    uint8_t bytes[BUFFER];
};

static unsigned word(const uint8_t *at) { return at[0] << 8 | at[1]; }

static void put(uint8_t *at, unsigned value)
{
    at[0] = value >> 8;
    at[1] = value;
}

/* The reply to one complete request; its length. */
static int reply_to(const uint8_t *request, uint8_t *reply)
{
    unsigned function = request[7], address = word(request + 8), count = word(request + 10), i;

    memcpy(reply, request, HEADER);
    if ((function != 3 && function != 4) || count < 1 || count > 125 || address + count > 65536) {
        put(reply + 4, 3);
        reply[7] = function | 0x80;
        reply[8] = function == 3 || function == 4 ? 2 : 1;
        return 9;
    }
    put(reply + 4, 3 + 2 * count);
    reply[7] = function;
    reply[8] = 2 * count;
    for (i = 0; i < count; i++)
        put(reply + 9 + 2 * i, address + i);
    return 9 + 2 * count;
}

static void watch(int epoll, int fd, int listens)
{
    struct peer *peer = calloc(1, sizeof *peer);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};

    if (!peer)
        exit(1);
    peer->fd = fd;
    peer->listens = listens;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void serve(struct peer *peer)
{
    static uint8_t out[BUFFER / REQUEST * REPLY_MAX];
    int done = 0, queued = 0;
    ssize_t got = recv(peer->fd, peer->bytes + peer->filled, BUFFER - peer->filled, 0);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        close(peer->fd);
        free(peer);
        return;
    }
    peer->filled += got;
    while (peer->filled - done >= REQUEST) {
        queued += reply_to(peer->bytes + done, out + queued);
        done += REQUEST;
    }
    peer->filled -= done;
    memmove(peer->bytes, peer->bytes + done, peer->filled);
    if (queued)
        send(peer->fd, out, queued, MSG_NOSIGNAL);
}

int main(int argc, char **argv)
{
    struct epoll_event events[128];
    int epoll = epoll_create1(0), one = 1, i, ready, fd;

    if (argc != 4)
        return 1;
    alarm(atoi(argv[3]));
    for (i = 0; i < atoi(argv[2]); i++) {
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_port = htons(atoi(argv[1]) + i),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 64)) {
            perror("listen");
            return 1;
        }
        watch(epoll, fd, 1);
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        ready = epoll_wait(epoll, events, 128, -1);
        for (i = 0; i < ready; i++) {
            struct peer *peer = events[i].data.ptr;
            if (!peer->listens) {
                serve(peer);
                continue;
            }
            while ((fd = accept4(peer->fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                watch(epoll, fd, 0);
            }
        }
    }
}
