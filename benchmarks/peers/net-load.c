/*
 * The load of the benchmark of sockets (net.ts), the same for every server, and cheap: one thread, one epoll descriptor.
 *
 *     net-load stream|accept|udp|http|hold --tcp PORT | --unix PATH [--connections N] [--size BYTES] [--depth N]
 *              [--seconds S] [--warm-up S] [--pids A,B,…] [--path /P] [--body TEXT]
 *
 *   stream  N connections, each with `depth` messages of `size` bytes under way: the next one is sent when one has come back
 *   accept  N at a time: connect, send `size` bytes, read them back, close, again
 *   udp     N connected sockets, each with one datagram under way, sent again when it has not come back in time
 *   http    N connections that are kept, each with `depth` requests GET `path` under way; the answer's body must be `body`
 *   hold    N connections that have sent `size` bytes and read them back, and are idle until our input ends
 *
 * Every byte that comes back is compared. A connection's messages are a stretch of one random sequence that begins at another
 * place for each connection, so that bytes which are lost, repeated, swapped or another connection's are seen.
 *
 * When the warm-up is over, and again when the time is, the processor times of the processes in `pids` are read, from their clocks and
 * from /proc/PID/stat, all of their threads included. One line of JSON says what happened in between. hold prints its line when all
 * connections are idle. What goes wrong is told in words on the error output, and the exit code is 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SIZE = 1 << 20, MAX_PIDS = 64, BATCH = 1024, HEAD = 8192, DATAGRAM_HEAD = 12 };

#define PERIOD 65537u            /* bytes until the sequence repeats: no size that is asked for divides it */
#define READ_BYTES (256 * 1024)  /* as much as a server is likely to send at once */
#define MAX_WAITING 1000         /* to be accepted: a queue that overflows (SOMAXCONN is 4096) resets some of them */
#define RESEND_AFTER 0.2         /* seconds until a datagram counts as lost: far above any round trip here */
#define STALLED_AFTER 10.0       /* seconds without any answer until we give up */
#define BUCKETS_PER_OCTAVE 16    /* of the histogram of times: 4 % wide */
#define OCTAVES 40

typedef enum { STREAM, ACCEPT, UDP, HTTP, HOLD } Mode;

typedef struct {
    int fd;
    int connecting;
    int writable_wanted;
    uint64_t sent;      /* bytes since the connection was made, or the number of the datagram under way */
    uint64_t asked;     /* bytes that should have been sent */
    uint64_t received;
    double *asked_at;   /* when each message under way was asked for, in a ring of `depth` */
    uint64_t messages;  /* that have come back */
    uint64_t started;   /* that were asked for */
    char *head;         /* http: what has been read of an answer's head */
    size_t head_length;
    size_t body_left;
    size_t body_at;
} Connection;

/* Of all processes in `pids`. The system counts the whole exactly, and of its parts only samples: see user_share(). */
typedef struct {
    double total; /* seconds */
    uint64_t user_ticks, system_ticks;
} Cpu;

static Mode mode;
static int connections = 1, depth = 1;
static size_t size = 64;
static double seconds = 1, warm_up = 0.2;
static int pids[MAX_PIDS], pid_count;
static const char *http_path = "/", *http_body = "";
static char request[512];
static size_t request_length, body_length;

static struct sockaddr_storage target;
static socklen_t target_length;
static unsigned char *sequence;
static unsigned char *scratch;
static Connection *all;
static int epoll_fd;
static double now, last_answer;
static int measuring;
static uint64_t done, lost;
static uint64_t histogram[BUCKETS_PER_OCTAVE * OCTAVES];
static uint32_t opened;
static int made; /* of `all`, so far */
static int begun; /* everyone has had an answer; before, nobody asks twice, so that a server can accept them all */
static int first_answers;

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("net-load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static void fail_system(const char *what) { fail("%s: %s", what, strerror(errno)); }

static double clock_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* --- What is measured ------------------------------------------------------------------------------------------------- */

static void count_answer(double began) {
    last_answer = now;
    if (!begun) first_answers++;
    if (!measuring) return;
    done++;
    uint64_t ns = (uint64_t)((now - began) * 1e9) | 1;
    int octave = 63 - __builtin_clzll(ns);
    uint64_t part = octave >= 4 ? (ns >> (octave - 4)) & (BUCKETS_PER_OCTAVE - 1) : 0;
    if (octave >= OCTAVES) octave = OCTAVES - 1;
    histogram[octave * BUCKETS_PER_OCTAVE + part]++;
}

/* The upper edge, in seconds, of the bucket that holds the quantile. */
static double quantile(double q) {
    uint64_t rank = (uint64_t)(q * (double)done), seen = 0;
    for (int i = 0; i < BUCKETS_PER_OCTAVE * OCTAVES; i++) {
        seen += histogram[i];
        if (seen > rank)
            return (double)(1ull << (i / BUCKETS_PER_OCTAVE)) * (1 + (i % BUCKETS_PER_OCTAVE + 1) / (double)BUCKETS_PER_OCTAVE) * 1e-9;
    }
    return 0;
}

static void add_ticks(int pid, Cpu *cpu) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail("The server (process %d) has ended", pid);
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0) fail_system(path);
    text[length] = 0;
    char *rest = strrchr(text, ')'); /* the name may hold anything */
    unsigned long user, system;
    /* state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime stime */
    if (rest == NULL || sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        fail("Cannot read %s", path);
    cpu->user_ticks += user;
    cpu->system_ticks += system;
}

static Cpu cpu_now(void) {
    Cpu cpu = {0, 0, 0};
    for (int i = 0; i < pid_count; i++) {
        clockid_t clock;
        struct timespec time;
        if (clock_getcpuclockid(pids[i], &clock) != 0 || clock_gettime(clock, &time) < 0)
            fail("The server (process %d) has ended", pids[i]);
        cpu.total += (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
        add_ticks(pids[i], &cpu);
    }
    return cpu;
}

/*
 * Most kernels know a process's time to the nanosecond, but what it was in only at each timer interrupt, and tell that in
 * hundredths of a second. So the ticks say how the exact time is shared.
 */
static double user_share(const Cpu *before, const Cpu *after) {
    double user = (double)(after->user_ticks - before->user_ticks), system = (double)(after->system_ticks - before->system_ticks);
    return user + system > 0 ? user / (user + system) : 0;
}

static double own_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + 1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* --- Sockets ---------------------------------------------------------------------------------------------------------- */

static void watch(Connection *connection, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll_fd, operation, connection->fd, &event) < 0) fail_system("epoll_ctl");
}

/* Each address of ours has its own ports: closed connections keep theirs for a minute. */
static void bind_some_loopback_address(int fd) {
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002u + opened++ % 200u)};
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) fail_system("bind");
}

static void open_socket(Connection *connection) {
    int type = mode == UDP ? SOCK_DGRAM : SOCK_STREAM, on = 1;
    int fd = socket(target.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) fail_system("socket");
    if (target.ss_family == AF_INET) {
        bind_some_loopback_address(fd);
        if (type == SOCK_STREAM) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    connection->fd = fd;
    connection->connecting = 0;
    connection->writable_wanted = 0;
    connection->sent = connection->asked = connection->received = connection->messages = connection->started = 0;
    connection->head_length = connection->body_left = 0;
}

/* Unix sockets refuse with EAGAIN, rather than wait, when the server's queue is full: then we wait, as TCP would. */
static int try_connect(Connection *connection) {
    if (connect(connection->fd, (struct sockaddr *)&target, target_length) == 0) return 1;
    if (errno == EINPROGRESS) return 0;
    if (errno != EAGAIN) fail_system("connect");
    for (int tries = 0; tries < 10000; tries++) {
        usleep(500);
        if (connect(connection->fd, (struct sockaddr *)&target, target_length) == 0) return 1;
        if (errno != EAGAIN) fail_system("connect");
    }
    fail("The server accepts no connection");
    return 0;
}

static size_t place_of(const Connection *connection, uint64_t offset) {
    return (size_t)((offset + (uint64_t)(connection - all) * 7919u) % PERIOD);
}

static void send_more(Connection *connection) {
    while (connection->sent < connection->asked) {
        const void *from;
        size_t length = (size_t)(connection->asked - connection->sent);
        if (mode == HTTP) {
            size_t at = (size_t)(connection->sent % request_length);
            from = request + at;
            if (length > request_length - at) length = request_length - at;
        } else {
            from = sequence + place_of(connection, connection->sent);
            if (length > MAX_SIZE) length = MAX_SIZE;
        }
        ssize_t count = send(connection->fd, from, length, MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN) break;
        if (count < 0) fail_system("send");
        connection->sent += (uint64_t)count;
    }
    int wanted = connection->sent < connection->asked;
    if (wanted == connection->writable_wanted) return;
    connection->writable_wanted = wanted;
    watch(connection, EPOLL_CTL_MOD, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void ask(Connection *connection, int count) {
    for (int i = 0; i < count; i++, connection->started++)
        if (mode != ACCEPT) connection->asked_at[connection->started % (uint64_t)depth] = now; /* its time began before */
    connection->asked += (uint64_t)count * (mode == HTTP ? request_length : size);
    send_more(connection);
}

static void begin(Connection *connection) {
    connection->connecting = 0;
    ask(connection, 1);
}

static void open_connection(Connection *connection) {
    open_socket(connection);
    connection->asked_at[0] = now; /* accept: its time begins here */
    int connected = try_connect(connection);
    connection->connecting = !connected;
    watch(connection, EPOLL_CTL_ADD, connected ? EPOLLIN : EPOLLIN | EPOLLOUT);
    connection->writable_wanted = !connected;
    if (connected) begin(connection);
}

static void finish_connecting(Connection *connection) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) fail("connect: %s", strerror(error));
    begin(connection);
}

/* --- What comes back -------------------------------------------------------------------------------------------------- */

static void compare(Connection *connection, const unsigned char *bytes, size_t length) {
    if (connection->received + length > connection->asked) fail("The server has sent more than it got");
    while (length > 0) {
        size_t part = length < MAX_SIZE ? length : MAX_SIZE;
        if (memcmp(bytes, sequence + place_of(connection, connection->received), part) != 0)
            fail("The server has sent other bytes than it got, within %zu bytes after the first %llu", part,
                 (unsigned long long)connection->received);
        connection->received += part;
        bytes += part;
        length -= part;
    }
}

static void echoed(Connection *connection, size_t length) {
    compare(connection, scratch, length);
    uint64_t came_back = connection->received / size;
    int fresh = (int)(came_back - connection->messages);
    for (; connection->messages < came_back; connection->messages++)
        count_answer(connection->asked_at[connection->messages % (uint64_t)depth]);
    if (fresh == 0) return;
    if (begun) {
        ask(connection, fresh);
    } else if (mode == ACCEPT) {
        close(connection->fd);
        open_connection(connection);
    }
}

/* Reads the head of an answer, and returns how many of `length` bytes belong to it. */
static size_t read_head(Connection *connection, const char *bytes, size_t length) {
    size_t before = connection->head_length;
    size_t room = HEAD - 1 - before;
    size_t part = length < room ? length : room;
    memcpy(connection->head + before, bytes, part);
    connection->head_length += part;
    connection->head[connection->head_length] = 0;
    char *end = strstr(connection->head, "\r\n\r\n");
    if (end == NULL) {
        if (part == room) fail("The head of an answer is longer than %d bytes", HEAD);
        return part;
    }
    if (strncmp(connection->head, "HTTP/1.1 200", 12) != 0) fail("Not HTTP/1.1 200: %.40s", connection->head);
    char *field = strcasestr(connection->head, "\r\ncontent-length:");
    if (field == NULL || field > end || strtoul(field + 17, NULL, 10) != body_length)
        fail("No Content-Length: %zu in an answer", body_length);
    size_t used = (size_t)(end + 4 - connection->head) - before;
    connection->head_length = 0;
    connection->body_left = body_length;
    connection->body_at = 0;
    return used;
}

static void answered(Connection *connection, size_t length) {
    const char *bytes = (const char *)scratch;
    int fresh = 0;
    while (length > 0) {
        size_t used;
        if (connection->body_left == 0) {
            used = read_head(connection, bytes, length);
        } else {
            used = length < connection->body_left ? length : connection->body_left;
            if (memcmp(bytes, http_body + connection->body_at, used) != 0) fail("An answer has another body");
            connection->body_at += used;
            connection->body_left -= used;
            if (connection->body_left == 0) {
                count_answer(connection->asked_at[connection->messages++ % (uint64_t)depth]);
                fresh++;
            }
        }
        bytes += used;
        length -= used;
    }
    if (connection->messages > connection->started) fail("More answers than requests");
    if (fresh > 0 && begun) ask(connection, fresh);
}

static void send_datagram(Connection *connection) {
    static unsigned char datagram[MAX_SIZE];
    uint32_t index = (uint32_t)(connection - all);
    memcpy(datagram, sequence + place_of(connection, connection->sent), size);
    memcpy(datagram, &index, sizeof index);
    memcpy(datagram + sizeof index, &connection->sent, sizeof connection->sent);
    connection->asked_at[0] = now;
    if (send(connection->fd, datagram, size, 0) < 0 && errno != EAGAIN) fail_system("send");
}

static void datagram_echoed(Connection *connection, size_t length) {
    uint32_t index;
    uint64_t number;
    if (length != size) fail("A datagram of %zu bytes has come back with %zu", size, length);
    memcpy(&index, scratch, sizeof index);
    memcpy(&number, scratch + sizeof index, sizeof number);
    if (index != (uint32_t)(connection - all) || number > connection->sent) fail("A datagram of another socket has come");
    if (number < connection->sent) return; /* it was taken for lost */
    const unsigned char *expected = sequence + place_of(connection, number);
    if (memcmp(scratch + DATAGRAM_HEAD, expected + DATAGRAM_HEAD, size - DATAGRAM_HEAD) != 0)
        fail("The server has sent other bytes than it got");
    count_answer(connection->asked_at[0]);
    connection->sent++;
    send_datagram(connection);
}

static void resend_lost(void) {
    for (int i = 0; i < made; i++) {
        if (now - all[i].asked_at[0] < RESEND_AFTER) continue;
        if (measuring) lost++;
        send_datagram(&all[i]);
    }
}

static void on_event(Connection *connection, uint32_t events) {
    if (connection->connecting) {
        finish_connecting(connection);
        return;
    }
    if (events & EPOLLOUT) send_more(connection);
    if ((events & ~(uint32_t)EPOLLOUT) == 0) return;
    ssize_t count = recv(connection->fd, scratch, READ_BYTES, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) fail_system("recv");
    if (count == 0 && mode != UDP) fail("The server has closed a connection");
    if (mode == UDP) datagram_echoed(connection, (size_t)count);
    else if (mode == HTTP) answered(connection, (size_t)count);
    else echoed(connection, (size_t)count);
}

static void turn(void) {
    static struct epoll_event events[BATCH];
    int count = epoll_wait(epoll_fd, events, BATCH, 50);
    if (count < 0 && errno != EINTR) fail_system("epoll_wait");
    now = clock_now();
    for (int i = 0; i < count; i++) on_event(events[i].data.ptr, events[i].events);
    static double looked;
    if (mode == UDP && now - looked > RESEND_AFTER / 4) {
        looked = now;
        resend_lost();
    }
    if (now - last_answer > STALLED_AFTER) fail("The server has not answered for %.0f s", STALLED_AFTER);
}

/* --- The run ---------------------------------------------------------------------------------------------------------- */

static void open_all(void) {
    all = calloc((size_t)connections, sizeof *all);
    for (int i = 0; i < connections; i++) {
        all[i].asked_at = calloc((size_t)depth, sizeof(double));
        if (mode == HTTP) all[i].head = malloc(HEAD);
        now = clock_now();
        if (mode == UDP) {
            open_socket(&all[i]);
            try_connect(&all[i]);
            watch(&all[i], EPOLL_CTL_ADD, EPOLLIN);
            send_datagram(&all[i]);
        } else {
            open_connection(&all[i]);
        }
        made++;
        if (i % 64 == 63) turn();
        while (mode != ACCEPT && mode != UDP && made - first_answers > MAX_WAITING) turn();
    }
    last_answer = now = clock_now();
}

/* Returns when all connections are there, and none is still waiting to be accepted. */
static void wait_for_first_answers(void) {
    while (first_answers < connections) turn();
}

static void begin_all(void) {
    if (mode == ACCEPT || mode == UDP) return;
    wait_for_first_answers();
    begun = 1;
    for (int i = 0; i < connections; i++) ask(&all[i], depth);
}

static void measure(void) {
    begin_all();
    for (double until = clock_now() + warm_up; now < until;) turn();
    Cpu before = cpu_now();
    double cpu = own_cpu(), began = now = clock_now();
    measuring = 1;
    while (now - began < seconds) turn();
    measuring = 0;
    Cpu after = cpu_now();
    double took = clock_now() - began, total = after.total - before.total, user = total * user_share(&before, &after);
    printf("{\"requests\":%llu,\"seconds\":%.6f,\"user\":%.6f,\"system\":%.6f,\"client\":%.4f,\"lost\":%llu,\"p50\":%.9f,\"p99\":%.9f}\n",
           (unsigned long long)done, took, user, total - user,
           own_cpu() - cpu, (unsigned long long)lost, quantile(0.5), quantile(0.99));
    fflush(stdout);
}

static void hold(void) {
    wait_for_first_answers();
    printf("{\"idle\":%d}\n", connections);
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) continue;
}

/*
 * We close our side and wait until the server has closed its own: it begins the next measurement with nothing left of this one,
 * and with all of its descriptors. What is still on its way back is thrown away.
 */
static void finish(void) {
    static struct epoll_event events[BATCH];
    int open = 0;
    for (int i = 0; i < connections; i++) {
        if (mode != UDP && !all[i].connecting && shutdown(all[i].fd, SHUT_WR) == 0) {
            watch(&all[i], EPOLL_CTL_MOD, EPOLLIN);
            open++;
        } else {
            close(all[i].fd);
        }
    }
    for (double until = clock_now() + STALLED_AFTER; open > 0;) {
        int count = epoll_wait(epoll_fd, events, BATCH, 50);
        for (int i = 0; i < count; i++) {
            Connection *connection = events[i].data.ptr;
            ssize_t length = recv(connection->fd, scratch, READ_BYTES, 0);
            if (length > 0 || (length < 0 && errno == EAGAIN)) continue;
            close(connection->fd);
            open--;
        }
        if (clock_now() > until) fail("The server has left %d connections open that we have closed", open);
    }
}

static void make_sequence(void) {
    size_t length = PERIOD + MAX_SIZE;
    sequence = malloc(length);
    scratch = malloc(READ_BYTES);
    uint64_t state = 88172645463325252ull; /* Marsaglia's xorshift: any start but 0 */
    for (size_t i = 0; i < length; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        sequence[i] = i < PERIOD ? (unsigned char)(state >> 32) : sequence[i - PERIOD];
    }
}

static void raise_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void read_target(const char *kind, const char *value) {
    if (strcmp(kind, "--unix") == 0) {
        struct sockaddr_un *address = (struct sockaddr_un *)&target;
        if (strlen(value) >= sizeof address->sun_path) fail("The path is too long: %s", value);
        address->sun_family = AF_UNIX;
        strcpy(address->sun_path, value);
        target_length = sizeof *address;
    } else {
        struct sockaddr_in *address = (struct sockaddr_in *)&target;
        address->sin_family = AF_INET;
        address->sin_port = htons((uint16_t)atoi(value));
        address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        target_length = sizeof *address;
    }
}

static void read_pids(char *list) {
    for (char *one = strtok(list, ","); one != NULL; one = strtok(NULL, ",")) {
        if (pid_count == MAX_PIDS) fail("More than %d processes", MAX_PIDS);
        pids[pid_count++] = atoi(one);
    }
}

static void read_arguments(int count, char **values) {
    static const char *const names[] = {"stream", "accept", "udp", "http", "hold"};
    int known = 0;
    for (int i = 0; i < 5; i++)
        if (count > 1 && strcmp(values[1], names[i]) == 0) mode = (Mode)i, known = 1;
    if (!known || count % 2 != 0) fail("Usage: net-load stream|accept|udp|http|hold --tcp PORT|--unix PATH …");
    for (int i = 2; i < count; i += 2) {
        const char *name = values[i];
        char *value = values[i + 1];
        if (strcmp(name, "--tcp") == 0 || strcmp(name, "--unix") == 0) read_target(name, value);
        else if (strcmp(name, "--connections") == 0) connections = atoi(value);
        else if (strcmp(name, "--size") == 0) size = (size_t)atoi(value);
        else if (strcmp(name, "--depth") == 0) depth = atoi(value);
        else if (strcmp(name, "--seconds") == 0) seconds = atof(value);
        else if (strcmp(name, "--warm-up") == 0) warm_up = atof(value);
        else if (strcmp(name, "--pids") == 0) read_pids(value);
        else if (strcmp(name, "--path") == 0) http_path = value;
        else if (strcmp(name, "--body") == 0) http_body = value;
        else fail("Unknown option %s", name);
    }
    if (target_length == 0) fail("No --tcp and no --unix");
    if (mode != STREAM && mode != HTTP) depth = 1;
    if (connections < 1 || depth < 1) fail("--connections and --depth are at least 1");
    if (size < 1 || size > MAX_SIZE || (mode == UDP && size < DATAGRAM_HEAD)) fail("--size %zu cannot be sent", size);
    body_length = strlen(http_body);
    if (mode == HTTP && body_length == 0) fail("http needs a --body that is not empty");
    request_length = (size_t)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", http_path);
    if (request_length >= sizeof request) fail("The path is too long: %s", http_path);
}

int main(int count, char **values) {
    read_arguments(count, values);
    raise_limit();
    signal(SIGPIPE, SIG_IGN);
    make_sequence();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    last_answer = now = clock_now();
    open_all();
    if (mode == HOLD) hold();
    else measure();
    finish();
    return 0;
}
