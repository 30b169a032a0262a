/* In the place of ffmpeg, a program that its input has taken over: the first word of the input says what it tries, the
   second whatever the attempt needs. It ends with 0 when it got what it wanted, with 1 when it did not.
   In C, since no safe interface makes most of these calls. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

typedef int attempt(const char *given, const char *input);
#define TRY(name) static int name(const char *given, const char *input)
#define UNUSED (void)given, (void)input

static int opens(const char *path, int flags) {
    int file = open(path, flags, 0600);
    char byte;
    if (file < 0) return 0;
    return (flags & O_ACCMODE) != O_RDONLY || read(file, &byte, 1) >= 0;
}

/* A path beside the given one. */
static const char *beside(const char *given, const char *suffix) {
    static char path[4096];
    snprintf(path, sizeof path, "%s%s", given, suffix);
    return path;
}

/* Files. */
TRY(read_file) { (void)input; return opens(given, O_RDONLY); }
TRY(read_passwords) { UNUSED; return opens("/etc/passwd", O_RDONLY); }
TRY(read_device) { UNUSED; return opens("/dev/zero", O_RDONLY); }
TRY(read_own_environment) { UNUSED; return opens("/proc/self/environ", O_RDONLY); }
TRY(read_parents_environment) {
    char path[64];
    (void)input;
    snprintf(path, sizeof path, "/proc/%s/environ", given);
    return opens(path, O_RDONLY);
}
TRY(list_folder) { (void)input; char *to = strdup(given); *strrchr(to, '/') = 0; int f = open(to, O_RDONLY | O_DIRECTORY); char b[1024]; return f >= 0 && syscall(SYS_getdents64, f, b, sizeof b) > 0; }
TRY(create_file) { (void)input; return opens(beside(given, ".created"), O_WRONLY | O_CREAT); }
TRY(create_file_in_tmp) { UNUSED; return opens("/tmp", O_WRONLY | O_TMPFILE); }
TRY(overwrite_file) { (void)input; return opens(given, O_WRONLY); }
TRY(append_to_input) { (void)given; return opens(input, O_WRONLY | O_APPEND); }
TRY(truncate_input) { (void)given; return !truncate(input, 100000); }
TRY(chmod_input) { (void)given; return !chmod(input, 0600); }
TRY(chown_input) { (void)given; return !chown(input, getuid(), -1); }
TRY(touch_input) { (void)given; return !utimensat(AT_FDCWD, input, NULL, 0); }
TRY(mark_input) { (void)given; return !setxattr(input, "user.mark", "1", 1, 0); }
TRY(remove_file) { (void)input; return !unlink(beside(given, ".remove")); }
TRY(rename_file) { (void)input; char *to = strdup(beside(given, ".renamed")); return !rename(beside(given, ".rename"), to); }
TRY(make_folder) { (void)input; return !mkdir(beside(given, ".folder"), 0700); }
TRY(make_fifo) { (void)input; return !mkfifo(beside(given, ".fifo"), 0600); }
TRY(follow_symlink) { (void)input; const char *link = beside(given, ".symlink"); return !symlink(given, link) && opens(link, O_RDONLY); }
TRY(follow_hard_link) { (void)input; const char *to = beside(given, ".link"); return !link(given, to) && opens(to, O_RDONLY); }
TRY(many_files) {
    char path[4096];
    (void)input;
    for (int i = 0; i < 1000; i++) {
        snprintf(path, sizeof path, "%s.%d", given, i);
        if (!opens(path, O_WRONLY | O_CREAT)) return 0;
    }
    return 1;
}
TRY(file_handle) { union { struct file_handle h; char room[200]; } u; int id; (void)given; u.h.handle_bytes = 128; return !name_to_handle_at(AT_FDCWD, input, &u.h, &id, 0); }
TRY(inherited_descriptor) { (void)input; char byte; return pread(atoi(given), &byte, 1, 0) == 1; }

/* The network. */
TRY(connect_tcp) {
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(given)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int s = socket(AF_INET, SOCK_STREAM, 0);
    (void)input;
    return s >= 0 && !connect(s, (struct sockaddr *)&to, sizeof to);
}
TRY(send_udp) {
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    UNUSED;
    return s >= 0 && sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof to) == 1;
}
TRY(listen_tcp) { UNUSED; int s = socket(AF_INET, SOCK_STREAM, 0); return s >= 0 && !listen(s, 1); }
TRY(connect_unix) {
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)input;
    strncpy(to.sun_path, given, sizeof to.sun_path - 1);
    return s >= 0 && !connect(s, (struct sockaddr *)&to, sizeof to);
}
TRY(connect_abstract) {
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)input;
    strncpy(to.sun_path + 1, given, sizeof to.sun_path - 2);
    return s >= 0 && !connect(s, (struct sockaddr *)&to, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(given));
}
TRY(netlink_socket) { UNUSED; return socket(AF_NETLINK, SOCK_RAW, 0) >= 0; }
TRY(raw_socket) { UNUSED; return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0; }
TRY(packet_socket) { UNUSED; return socket(AF_PACKET, SOCK_RAW, 0) >= 0; }
TRY(socket_pair) { UNUSED; int two[2]; return !socketpair(AF_UNIX, SOCK_STREAM, 0, two); }

/* Other processes. */
TRY(fork_one) { UNUSED; pid_t child = fork(); if (!child) _exit(0); return child > 0 && waitpid(child, NULL, 0) == child; }
TRY(fork_raw) { UNUSED; long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); if (!child) _exit(0); return child > 0; }
TRY(fork_many) { UNUSED; for (int i = 0; i < 200; i++) { pid_t child = fork(); if (child < 0) return 0; if (!child) { usleep(200000); _exit(0); } } return 1; }
static void *rest(void *nothing) { struct timespec left = { 2, 0 }; while (nanosleep(&left, &left)) {} return nothing; }
TRY(threads_many) {
    pthread_attr_t small;
    pthread_t thread;
    UNUSED;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 32768);
    for (int i = 0; i < 200; i++) if (pthread_create(&thread, &small, rest, NULL)) return 0;
    return 1;
}
TRY(run_shell) { UNUSED; execl("/bin/sh", "sh", "-c", "exit 0", NULL); return 0; }
TRY(run_memory) {
    char copy[65536];
    int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("x", 0);
    ssize_t n;
    UNUSED;
    if (to < 0) return 0;
    while ((n = read(from, copy, sizeof copy)) > 0) if (write(to, copy, n) != n) return 0;
    char *args[] = { "x", NULL }, *none[] = { NULL };
    fexecve(to, args, none);
    return 0;
}
TRY(signal_server) { (void)input; return !kill(atoi(given), 0); }
TRY(signal_everyone) { UNUSED; return !kill(-1, 0); }
TRY(signal_thread) { (void)input; return !syscall(SYS_tgkill, atoi(given), atoi(given), 0); }
TRY(queue_signal) { (void)input; union sigval value = { 0 }; return !sigqueue(atoi(given), 0, value); }
TRY(hold_process) { (void)input; return syscall(SYS_pidfd_open, atoi(given), 0) >= 0; }
TRY(be_traced) { UNUSED; return !ptrace(PTRACE_TRACEME, 0, 0, 0); }
TRY(trace_server) { (void)input; return !ptrace(PTRACE_SEIZE, atoi(given), 0, 0); }
TRY(read_memory) { UNUSED; int here = 1, there = 0; struct iovec to = { &there, 4 }, from = { &here, 4 }; return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 4; }
TRY(limit_server) { (void)input; struct rlimit limit; return !prlimit(atoi(given), RLIMIT_NOFILE, NULL, &limit); }
TRY(outlive) { UNUSED; pid_t child = fork(); if (child < 0) return 0; if (!child) { setsid(); if (fork()) _exit(0); sleep(1); _exit(0); } return 1; }
TRY(new_session) { UNUSED; return setsid() >= 0 || (!setpgid(0, 0)); }

/* The kernel, and what is left of rights. */
TRY(user_namespace) { UNUSED; return !unshare(CLONE_NEWUSER); }
TRY(mount_namespace) { UNUSED; return !unshare(CLONE_NEWNS); }
TRY(mount_memory) { UNUSED; return !mount("x", "/tmp", "tmpfs", 0, "") && !umount("/tmp"); }
TRY(open_mount) { UNUSED; return syscall(SYS_fsopen, "tmpfs", 0) >= 0; }
TRY(change_root) { UNUSED; return !chroot("/"); }
TRY(change_user) { UNUSED; return !setuid(getuid()); }
TRY(rename_host) { UNUSED; char name[256]; return !gethostname(name, sizeof name) && !sethostname(name, strlen(name)); }
TRY(set_clock) { UNUSED; struct timespec t; clock_gettime(CLOCK_REALTIME, &t); return !clock_settime(CLOCK_REALTIME, &t); }
TRY(keys) { UNUSED; return syscall(SYS_add_key, "user", "reelshelf", "x", 1, -2) >= 0; }
TRY(kernel_program) { UNUSED; union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 }; return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a) >= 0; }
TRY(ring) { UNUSED; struct io_uring_params p = { 0 }; return syscall(SYS_io_uring_setup, 1, &p) >= 0; }
TRY(performance_counters) { UNUSED; struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof a, .config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1 }; return syscall(SYS_perf_event_open, &a, 0, -1, -1, 0) >= 0; }
TRY(page_faults) { UNUSED; return syscall(SYS_userfaultfd, O_CLOEXEC | 1) >= 0; }
TRY(watch_files) { UNUSED; return inotify_init() >= 0; }
TRY(shared_memory) { UNUSED; int id = shmget(IPC_PRIVATE, 4096, 0600); return id >= 0 && !shmctl(id, IPC_RMID, NULL); }
TRY(message_queue) { UNUSED; return syscall(SYS_mq_open, "reelshelf", O_RDWR | O_CREAT, 0600, NULL) >= 0 && !syscall(SYS_mq_unlink, "reelshelf"); }
TRY(memory_file) { UNUSED; return memfd_create("x", 0) >= 0; }
TRY(personality_change) { UNUSED; return personality(ADDR_NO_RANDOMIZE) >= 0; }
TRY(survive_parent) { UNUSED; return !prctl(PR_SET_PDEATHSIG, 0); }
TRY(be_dumped) { UNUSED; return !prctl(PR_SET_DUMPABLE, 1); }
TRY(filter_calls) { UNUSED; return !prctl(PR_SET_SECCOMP, 0) || errno == EINVAL; }
TRY(more_resources) { UNUSED; struct rlimit l; return !getrlimit(RLIMIT_NOFILE, &l) && !setrlimit(RLIMIT_NOFILE, &l); }
TRY(be_nicer) { UNUSED; return !setpriority(PRIO_PROCESS, 0, 19); }
TRY(lock_memory) { UNUSED; static char page[65536]; return !mlock(page, sizeof page); }
TRY(lock_input) { (void)given; int f = open(input, O_RDONLY); return f >= 0 && !flock(f, LOCK_EX); }
TRY(other_abi) {
    UNUSED;
#if defined(__x86_64__)
    int found;
    __asm__ volatile("int $0x80" : "=a"(found) : "a"(20) : "memory");
    return found == getpid();
#else
    return 0;
#endif
}

/* Resources. */
TRY(allocate) { UNUSED; char *m = malloc(600u << 20); if (!m) return 0; for (size_t i = 0; i < 600u << 20; i += 4096) m[i] = 1; return 1; }
TRY(allocate_small) { UNUSED; for (size_t i = 0; i < 600; i++) { char *m = malloc(1 << 20); if (!m) return 0; memset(m, 1, 1 << 20); } return 1; }
TRY(reserve) { UNUSED; return mmap(NULL, (size_t)16 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED; }
TRY(open_many) { (void)given; for (int i = 0; i < 200; i++) if (open(input, O_RDONLY) < 0) return 0; return 1; }
TRY(spin) { UNUSED; while (clock() < 2 * CLOCKS_PER_SEC) {} return 1; }
TRY(sleep_for_ever) { UNUSED; for (;;) rest(NULL); return 0; }
TRY(sleep_long) { UNUSED; struct timespec left = { 1, 500000000 }; while (nanosleep(&left, &left)) {} return 1; }
TRY(write_much) { UNUSED; static char much[1 << 16]; for (int i = 0; i < 64; i++) if (write(1, much, sizeof much) < 0) return 0; return 1; }
TRY(complain_much) { UNUSED; static char much[1 << 16]; for (int i = 0; i < 12; i++) if (write(2, much, sizeof much) < 0) return 0; return 1; }
TRY(dump_core) { UNUSED; struct rlimit l; return !getrlimit(RLIMIT_CORE, &l) && l.rlim_max > 0; }

/* What has to work, or the rest would prove nothing. */
TRY(read_input) { (void)given; return opens(input, O_RDONLY); }

#define ROW(name) { #name, name }
static const struct { const char *name; attempt *run; } attempts[] = {
    ROW(read_input), ROW(read_file), ROW(read_passwords), ROW(read_device), ROW(read_own_environment), ROW(read_parents_environment),
    ROW(list_folder), ROW(create_file), ROW(create_file_in_tmp), ROW(overwrite_file), ROW(append_to_input), ROW(truncate_input),
    ROW(chmod_input), ROW(chown_input), ROW(touch_input), ROW(mark_input), ROW(remove_file), ROW(rename_file), ROW(make_folder),
    ROW(make_fifo), ROW(follow_symlink), ROW(follow_hard_link), ROW(many_files), ROW(file_handle), ROW(inherited_descriptor),
    ROW(connect_tcp), ROW(send_udp), ROW(listen_tcp), ROW(connect_unix), ROW(connect_abstract), ROW(netlink_socket), ROW(raw_socket),
    ROW(packet_socket), ROW(socket_pair), ROW(fork_one), ROW(fork_raw), ROW(fork_many), ROW(threads_many), ROW(run_shell),
    ROW(run_memory), ROW(signal_server), ROW(signal_everyone), ROW(signal_thread), ROW(queue_signal), ROW(hold_process),
    ROW(be_traced), ROW(trace_server), ROW(read_memory), ROW(limit_server), ROW(outlive), ROW(new_session), ROW(user_namespace),
    ROW(mount_namespace), ROW(mount_memory), ROW(open_mount), ROW(change_root), ROW(change_user), ROW(rename_host), ROW(set_clock),
    ROW(keys), ROW(kernel_program), ROW(ring), ROW(performance_counters), ROW(page_faults), ROW(watch_files), ROW(shared_memory),
    ROW(message_queue), ROW(memory_file), ROW(personality_change), ROW(survive_parent), ROW(be_dumped), ROW(filter_calls),
    ROW(more_resources), ROW(be_nicer), ROW(lock_memory), ROW(lock_input), ROW(other_abi), ROW(allocate),
    ROW(allocate_small), ROW(reserve), ROW(open_many), ROW(spin), ROW(sleep_long), ROW(sleep_for_ever), ROW(write_much), ROW(complain_much), ROW(dump_core),
};

int main(int argc, char **argv) {
    const char *input = NULL;
    char text[4096] = "", name[64] = "", given[4000] = "";
    if (argc == 1) return 0; /* started anew out of memory */
    for (int i = 1; i < argc; i++) if (!strncmp(argv[i], "file:", 5)) input = argv[i] + 5;
    int file = input ? open(input, O_RDONLY) : -1;
    if (file < 0 || read(file, text, sizeof text - 1) <= 0) return 2;
    close(file);
    sscanf(text, "%63s %3999s", name, given);
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        if (!strcmp(name, attempts[i].name)) return attempts[i].run(given, input) ? 0 : 1;
    return 3;
}
