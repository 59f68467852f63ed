// SPDX-License-Identifier: Apache-2.0
#include "data/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include "base/errno_code.h"

namespace walchen::data {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kLimitsMemory = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kLimitsMemory = false;
#else
constexpr bool kLimitsMemory = true;
#endif
#else
constexpr bool kLimitsMemory = true;
#endif

// What could open a way to somebody else. Existing sockets keep working, the one to the starter among them.
constexpr std::array kRefusedCalls = {SCMP_SYS(socket),
                                      SCMP_SYS(socketpair),
                                      SCMP_SYS(connect),
                                      SCMP_SYS(bind),
                                      SCMP_SYS(listen),
                                      SCMP_SYS(accept),
                                      SCMP_SYS(accept4),
                                      SCMP_SYS(io_uring_setup),
                                      SCMP_SYS(io_uring_enter),
                                      SCMP_SYS(io_uring_register),
                                      SCMP_SYS(ptrace),
                                      SCMP_SYS(process_vm_readv),
                                      SCMP_SYS(process_vm_writev),
                                      SCMP_SYS(pidfd_getfd),
                                      SCMP_SYS(bpf),
                                      SCMP_SYS(perf_event_open),
                                      SCMP_SYS(userfaultfd),
                                      SCMP_SYS(keyctl),
                                      SCMP_SYS(mount),
                                      SCMP_SYS(setns),
                                      // Landlock's first version leaves these: a file that cannot be written could still be emptied.
                                      SCMP_SYS(truncate),
                                      SCMP_SYS(chmod),
                                      SCMP_SYS(fchmodat),
                                      SCMP_SYS(chown),
                                      SCMP_SYS(lchown),
                                      SCMP_SYS(fchownat),
                                      SCMP_SYS(utime),
                                      SCMP_SYS(utimes),
                                      SCMP_SYS(futimesat),
                                      SCMP_SYS(utimensat),
                                      SCMP_SYS(setxattr),
                                      SCMP_SYS(lsetxattr),
                                      SCMP_SYS(removexattr),
                                      SCMP_SYS(lremovexattr),
                                      SCMP_SYS(openat2),  // its flags lie in memory, where a filter cannot read
                                      SCMP_SYS(creat)};

// Opening is refused where it empties the file.
struct OpenCall {
  int call = 0;
  unsigned flags_argument = 0;
};
constexpr std::array kOpenCalls = {OpenCall{SCMP_SYS(open), 1}, OpenCall{SCMP_SYS(openat), 2}};

// Sets the bound that the process itself may raise again; where it must not, `for_ever`.
Result<void> Limit(__rlimit_resource resource, uint64_t bound, bool for_ever = false) {
  rlimit limit = {};
  ::getrlimit(resource, &limit);
  limit.rlim_cur = std::min<rlim_t>(bound, limit.rlim_max);
  if (for_ever) limit.rlim_max = limit.rlim_cur;
  if (::setrlimit(resource, &limit) == 0) return {};
  return Fail(ErrorCode::kPermissionDenied, "setrlimit: {}", base::LastError());
}

Result<void> RefuseCalls() {
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
  if (!filter) return Fail(ErrorCode::kResourceExhausted, "expected a seccomp filter, found none: out of memory");
  for (const int call : kRefusedCalls) {
    if (const int error = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0); error != 0) {
      return Fail(ErrorCode::kPermissionDenied, "seccomp rule {}: {}", call, std::generic_category().message(-error));
    }
  }
  for (const auto& [call, argument] : kOpenCalls) {
    const scmp_arg_cmp empties = {argument, SCMP_CMP_MASKED_EQ, O_TRUNC, O_TRUNC};
    if (const int error = seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 1, &empties); error != 0) {
      return Fail(ErrorCode::kPermissionDenied, "seccomp rule {}: {}", call, std::generic_category().message(-error));
    }
  }
  if (const int error = seccomp_load(filter.get()); error != 0) {
    return Fail(ErrorCode::kPermissionDenied, "expected to load a seccomp filter: {}",
                std::generic_category().message(-error));
  }
  return {};
}

// The rights over files that nothing in the sandbox has: those of Landlock's first version, which every kernel with it
// knows.
constexpr uint64_t kRefusedRights = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

// glibc has no names for Landlock's calls. Does nothing where the kernel has none of it.
void RefuseWriting() {
  const landlock_ruleset_attr refused = {.handled_access_fs = kRefusedRights};
  const auto rules = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &refused, sizeof(refused), 0));
  if (rules < 0) return;
  landlock_path_beneath_attr null_device = {.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE,
                                            .parent_fd = ::open("/dev/null", O_PATH | O_CLOEXEC)};
  ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &null_device, 0);
  ::syscall(SYS_landlock_restrict_self, rules, 0);
  ::close(null_device.parent_fd);
  ::close(rules);
}

}  // namespace

Result<void> EnterSandbox(uint64_t file_max_bytes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Fail(ErrorCode::kPermissionDenied, "no_new_privs: {}", base::LastError());
  }
  TRY(Limit(RLIMIT_CORE, 0, true));
  TRY(Limit(RLIMIT_FSIZE, file_max_bytes, true));
  // With the right to it a network namespace alone: a user namespace would take the right to read others' files. Where
  // neither is allowed, as in many containers, the filter does it.
  if (::unshare(CLONE_NEWNET) != 0) static_cast<void>(::unshare(CLONE_NEWUSER | CLONE_NEWNET));
  RefuseWriting();
  return RefuseCalls();
}

Result<void> LimitResources(uint64_t memory_max_bytes, uint64_t cpu_max_seconds) {
  if (kLimitsMemory) TRY(Limit(RLIMIT_AS, memory_max_bytes));
  rusage used = {};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = static_cast<uint64_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1;
  return Limit(RLIMIT_CPU, seconds + cpu_max_seconds);
}

}  // namespace walchen::data
