/* Scrapes snmp_exporter over keep-alive connections as fast as it answers.
 *
 * One epoll loop, one scrape in flight per connection, each connection with a target of its own
 * (127.3.x.y). Prints "warm BYTES" after WARM_UP seconds, with the size of a response, and
 * "done SCRAPES SECONDS" after SECONDS more. A response other than 200 ends it with status 1.
 *
 * Usage: scrape_load EXPORTER_PORT SNMP_PORT MODULE CONNECTIONS WARM_UP SECONDS
 * With SECONDS 0 it scrapes 1,000 targets twice each and ends. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, EVENTS = 64, TARGETS = 1000 };

struct connection { int fd, target; long filled; char *buffer; };

static const char *module;
static int snmp_port;
static long response_bytes;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static void ask(struct connection *connection)
{
    char request[512];
    int size = snprintf(request, sizeof request,
                        "GET /snmp?module=%s&target=127.3.%d.%d:%d HTTP/1.1\r\nHost: bench\r\n\r\n",
                        module, connection->target / 250, connection->target % 250 + 1, snmp_port);
    connection->filled = 0;
    if (write(connection->fd, request, size) != size)
        die("write");
}

static void open_connection(struct connection *connection, int epoll, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    connection->buffer = malloc(BUFFER);
    if (connection->fd < 0 || !connection->buffer ||
        connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("connect");
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event);
}

/* Whether the response is whole: a Content-Length that is reached, or the last chunk. */
static int whole(const struct connection *connection)
{
    const char *body = strstr(connection->buffer, "\r\n\r\n"), *length;
    if (!body)
        return 0;
    length = strcasestr(connection->buffer, "content-length:");
    if (length && length < body)
        return connection->buffer + connection->filled - body - 4 >= atol(length + 15);
    return !memcmp(connection->buffer + connection->filled - 5, "0\r\n\r\n", 5);
}

/* Reads what there is; 1 when the response is complete. */
static int receive(struct connection *connection)
{
    char *end = connection->buffer + connection->filled;
    long size = read(connection->fd, end, BUFFER - 1 - connection->filled);
    if (size <= 0)
        die("the exporter closed a connection");
    end[size] = 0;
    connection->filled += size;
    if (connection->filled < 16 || !whole(connection))
        return 0;
    if (strncmp(connection->buffer, "HTTP/1.1 200", 12)) {
        fprintf(stderr, "%.400s\n", connection->buffer);
        exit(1);
    }
    response_bytes = connection->filled;
    return 1;
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS];
    struct connection *connections;
    double warm_at, end_at = 0, seconds;
    long scrapes = 0;
    int epoll = epoll_create1(0), count, ready, i;

    if (argc != 7) {
        fprintf(stderr, "usage: scrape_load EXPORTER_PORT SNMP_PORT MODULE CONNECTIONS WARM_UP SECONDS\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    snmp_port = atoi(argv[2]);
    module = argv[3];
    seconds = atof(argv[6]);
    count = atoi(argv[4]);
    connections = calloc(count, sizeof *connections);
    for (i = 0; i < count; i++) {
        connections[i].target = i;
        open_connection(&connections[i], epoll, atoi(argv[1]));
        ask(&connections[i]);
    }
    warm_at = now() + atof(argv[5]);
    while (seconds > 0 ? !end_at || now() < end_at : scrapes < 2 * TARGETS) {
        if (!end_at && seconds > 0 && now() >= warm_at) {
            printf("warm %ld\n", response_bytes);
            fflush(stdout);
            scrapes = 0;
            warm_at = now();
            end_at = warm_at + seconds;
        }
        ready = epoll_wait(epoll, events, EVENTS, 100);
        for (i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (!receive(connection))
                continue;
            scrapes++;
            if (seconds == 0)
                connection->target = (connection->target + count) % TARGETS;
            ask(connection);
        }
    }
    printf("done %ld %.6f\n", scrapes, now() - warm_at);
    return 0;
}
