/*
 * The edge of what is possible, in the benchmark of sockets (net.ts): one thread, one level-triggered epoll descriptor, one
 * recv() and one send() for what has arrived. `net-epoll stream|datagram|http`.
 *
 * Each line on its input is a question: the one with a "path" or without asks it to listen, the one with "collect" for nothing,
 * because nothing can be collected. Each line of its output is the answer; net/server-process.ts is the other side.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024, BATCH = 1024, BACKLOG = 4096 };

/* What the system did not take: only a connection that has some is held back. */
typedef struct {
    int fd;
    char *rest;
    size_t length, at;
    int ends; /* http: how much of an empty line has been seen */
} Connection;

static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
static const char EMPTY_LINE[] = "\r\n\r\n";

static int epoll_fd, listener, is_http, is_datagram, is_tcp;
static char bytes[READ_BYTES];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void watch(Connection *connection, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll_fd, operation, connection->fd, &event) < 0) fail("epoll_ctl");
}

static void end(Connection *connection) {
    close(connection->fd);
    free(connection->rest);
    free(connection);
}

static void accept_one(void) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    if (fd < 0) {
        if (errno == EAGAIN || errno == ECONNABORTED) return;
        fail("accept4");
    }
    if (is_tcp) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection *connection = calloc(1, sizeof *connection);
    connection->fd = fd;
    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
}

static void answer(Connection *connection, const char *from, size_t length) {
    ssize_t sent = send(connection->fd, from, length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
        end(connection);
        return;
    }
    if (sent < 0) sent = 0;
    if ((size_t)sent == length) return;
    connection->length = length - (size_t)sent;
    connection->at = 0;
    connection->rest = malloc(connection->length);
    memcpy(connection->rest, from + sent, connection->length);
    watch(connection, EPOLL_CTL_MOD, EPOLLOUT); /* and read no more until it is sent */
}

static void flush(Connection *connection) {
    ssize_t sent = send(connection->fd, connection->rest + connection->at, connection->length - connection->at, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN) end(connection);
        return;
    }
    connection->at += (size_t)sent;
    if (connection->at < connection->length) return;
    free(connection->rest);
    connection->rest = NULL;
    watch(connection, EPOLL_CTL_MOD, EPOLLIN);
}

static void answer_requests(Connection *connection, size_t length) {
    static char answers[64 * sizeof ANSWER];
    size_t total = 0;
    for (size_t i = 0; i < length; i++) {
        connection->ends = bytes[i] == EMPTY_LINE[connection->ends] ? connection->ends + 1 : bytes[i] == '\r';
        if (connection->ends < 4) continue;
        connection->ends = 0;
        if (total + sizeof ANSWER > sizeof answers) abort(); /* more under way than anyone asks for */
        memcpy(answers + total, ANSWER, sizeof ANSWER - 1);
        total += sizeof ANSWER - 1;
    }
    if (total > 0) answer(connection, answers, total);
}

static void on_event(Connection *connection) {
    if (connection->rest != NULL) {
        flush(connection);
        return;
    }
    ssize_t count = recv(connection->fd, bytes, sizeof bytes, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) end(connection);
    else if (is_http) answer_requests(connection, (size_t)count);
    else answer(connection, bytes, (size_t)count);
}

static void echo_datagram(void) {
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    ssize_t count = recvfrom(listener, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &length);
    if (count >= 0) sendto(listener, bytes, (size_t)count, 0, (struct sockaddr *)&from, length); /* or it is lost, as they may be */
}

static void listen_at(const char *path) {
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *address = is_tcp ? (struct sockaddr *)&loopback : (struct sockaddr *)&local;
    socklen_t length = is_tcp ? sizeof loopback : sizeof local;
    strncpy(local.sun_path, path, sizeof local.sun_path - 1);
    listener = socket(address->sa_family, (is_datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, address, length) < 0) fail("bind");
    if (!is_datagram && listen(listener, BACKLOG) < 0) fail("listen");
    getsockname(listener, address, &length);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listener};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event) < 0) fail("epoll_ctl");
    printf("{\"port\":%d,\"pids\":[%d]}\n", is_tcp ? ntohs(loopback.sin_port) : 0, getpid());
    fflush(stdout);
}

/* The questions are JSON.stringify()'s, so a path is what stands between "path":" and the next quotation mark. */
static void on_question(void) {
    char line[1024];
    ssize_t count = read(STDIN_FILENO, line, sizeof line - 1);
    if (count <= 0) exit(0);
    line[count] = 0;
    if (strstr(line, "\"collect\"") != NULL) {
        puts("{}");
        fflush(stdout);
        return;
    }
    char *path = strstr(line, "\"path\":\"");
    is_tcp = path == NULL;
    if (path != NULL) {
        path += strlen("\"path\":\"");
        *strchrnul(path, '"') = 0;
    }
    listen_at(path == NULL ? "" : path);
}

int main(int count, char **values) {
    const char *kind = count > 1 ? values[1] : "";
    is_http = strcmp(kind, "http") == 0;
    is_datagram = strcmp(kind, "datagram") == 0;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL}, events[BATCH];
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &input) < 0) fail("epoll_ctl");
    for (;;) {
        int ready = epoll_wait(epoll_fd, events, BATCH, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr == NULL) on_question();
            else if (events[i].data.ptr != &listener) on_event(events[i].data.ptr);
            else if (is_datagram) echo_datagram();
            else accept_one();
        }
    }
}
