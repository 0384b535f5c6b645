// The conformance suite's stage in a simulated world: two hosts.
#include "sim/worker.h"
#include "sim/world.h"
#include "stage.h"

namespace prometheus_rsocket::seam {
namespace {

class TwoMilliseconds final : public sim::Blocking {
 public:
  void begin_work() override {}
  base::Duration end_work() override { return std::chrono::milliseconds(2); }
};

class SimStage final : public Stage {
 public:
  explicit SimStage(std::uint64_t seed) : world_(seed) {}

  runtime::Process& server() override { return server_; }
  runtime::Process& client() override { return client_; }
  runtime::Worker& client_worker() override { return worker_; }
  [[nodiscard]] boost::asio::ip::address server_address() const override { return server_.host(); }

  runtime::Endpoint silent_endpoint() override { return {sim::ip("10.0.0.99"), 7001}; }
  void raise(runtime::Signal signal) override { server_.raise(signal); }
  std::string log_of(const std::function<void()>& writes) override {
    writes();
    return world_.log_text();
  }
  void end_client() override { world_.stop(client_); }

  bool run_until(const std::function<bool()>& holds) override { return world_.run_until(holds); }

 private:
  sim::World world_;
  sim::Process& server_ = world_.add_process(sim::ip("10.0.0.1"), 2);
  sim::Process& client_ = world_.add_process(sim::ip("10.0.0.2"), 2);
  TwoMilliseconds time_;
  sim::Worker& worker_ = client_.emplace<sim::Worker>(client_, time_);
};

}  // namespace

std::unique_ptr<Stage> make_sim_stage(std::uint64_t seed) {
  return std::make_unique<SimStage>(seed);
}

}  // namespace prometheus_rsocket::seam
