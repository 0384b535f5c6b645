// The third of the purity checks, at run time: while a simulated world runs, nothing may read a
// clock of this machine, take its randomness, start a thread or open a socket.
//
// Linking sim_machine puts functions of those names before the C library's; within a Pure they end
// the process with the name of the one that was called. (The linker's --wrap would miss the calls
// that the standard library makes by itself.)
#pragma once

namespace prometheus_rsocket::sim::machine {

class Pure {
 public:
  Pure();
  ~Pure();
  Pure(const Pure&) = delete;
  Pure& operator=(const Pure&) = delete;
};

}  // namespace prometheus_rsocket::sim::machine
