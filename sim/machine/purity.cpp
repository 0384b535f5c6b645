#include "sim/machine/purity.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace prometheus_rsocket::sim::machine {
namespace {

int g_depth = 0;

void refuse(const char* function) {
  if (g_depth == 0) return;
  g_depth = 0;  // what ends the process may use what it likes
  std::fprintf(stderr, "purity: %s() was called while a simulated world ran\n", function);
  std::abort();
}

}  // namespace

Pure::Pure() { ++g_depth; }
Pure::~Pure() { --g_depth; }

}  // namespace prometheus_rsocket::sim::machine

// In place of the C library's, which these reach by the system call or by the dynamic linker.
extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  prometheus_rsocket::sim::machine::refuse("clock_gettime");
  return static_cast<int>(syscall(SYS_clock_gettime, clock, time));
}

ssize_t getrandom(void* buffer, size_t size, unsigned flags) {
  prometheus_rsocket::sim::machine::refuse("getrandom");
  return syscall(SYS_getrandom, buffer, size, flags);
}

int socket(int domain, int type, int protocol) noexcept {
  prometheus_rsocket::sim::machine::refuse("socket");
  return static_cast<int>(syscall(SYS_socket, domain, type, protocol));
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  prometheus_rsocket::sim::machine::refuse("pthread_create");
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  return create(thread, attributes, start, argument);
}
}
