#include "sim/actor/proxy_host.h"

#include <boost/asio/post.hpp>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "push/database_journal.h"
#include "sim/actor/ports.h"
#include "sim/actor/push_journal.h"
#include "sim/history/payload.h"

namespace prometheus_rsocket::sim::actor {
namespace {

// Pages are small here: so that of most some blocks go by other shards.
constexpr std::size_t kGzipBlockBytes = 512;
constexpr const char* kPushFolder = "/var/lib/pushes";

}  // namespace

ProxyHost::ProxyHost(World& world, history::Recorder& recorder, ProxyConfig config)
    : world_(world), recorder_(recorder), config_(std::move(config)) {
  config_.server.tcp_addresses = {{config_.address, kTcpPort}};
  config_.server.websocket_addresses = {{config_.address, kWebSocketPort}};
  config_.server.web_addresses = {web()};
  config_.server.compression = {http::GzipEffort::kReproducible, kGzipBlockBytes};
  if (!config_.has_disk) return;
  disk_ = std::make_unique<VirtualDisk>(
      world, Draws(world.seed(), mix(hash_of("disk"), config_.id.value)));
}

ProxyHost::~ProxyHost() {
  if (process_ != nullptr) world_.stop(*process_);
}

runtime::Endpoint ProxyHost::web() const { return {config_.address, kWebPort}; }

void ProxyHost::start() {
  CHECK(!running(), "a proxy host runs one proxy at a time");
  process_ = &world_.add_process(config_.address, config_.shards);
  process_->observe_keys(this);
  ++starts_;
  recorder_.note(history::ProxyStarted{config_.id});
  if (disk_ && disk_->take_betrayal()) recorder_.note(history::DiskBetrayed{config_.id});
  Worker* const worker = disk_ ? &process_->emplace<Worker>(*process_, *disk_) : nullptr;
  auto& server = process_->emplace<server::Server>(*process_, config_.server);
  restore_pushes(server, worker);
  const auto failed = server.listen();
  CHECK(!failed, "the ports of a host are its proxy's");
  server.start([this, process = process_](int code) {
    // Once the server has returned: as main() does.
    boost::asio::post(process->shard(0).executor, [this, code] { exited(code); });
  });
  if (config_.started) config_.started();
}

void ProxyHost::restore_pushes(server::Server& server, Worker* worker) {
  runtime::Shard& shard = process_->shard(0);
  push::Contents contents;
  std::unique_ptr<push::Journal> journal;
  if (disk_) {
    auto opened = push::Database::open(*disk_, kPushFolder, server.hash_key());
    CHECK(opened.database, "whatever becomes of the disk, it is used again");
    journal = std::make_unique<push::DatabaseJournal>(opened, *worker, shard);
    contents = std::move(opened.contents);
  } else {
    journal = std::make_unique<DelayingJournal>(
        shard, config_.push_commit_delay,
        Draws(world_.seed(), mix(mix(hash_of("push store"), config_.id.value), starts_)));
  }
  server.restore_pushes(
      std::move(contents),
      std::make_unique<TellingJournal>(std::move(journal), [this](std::string_view text) {
        const auto page = history::parse_page(text);
        if (page.samples.empty()) return;  // of a hostile peer
        recorder_.note(history::PushStored{config_.id, page.samples.front().who,
                                           page.samples.front().sequence});
      }));
}

void ProxyHost::drain() {
  if (!running()) return;
  if (!std::exchange(draining_, true)) recorder_.note(history::ProxyDraining{config_.id});
  process_->raise(runtime::Signal::kTerminate);
}

void ProxyHost::restart() {
  if (!running()) return;
  again_ = true;
  drain();
}

void ProxyHost::kill() {
  if (!running()) return;
  if (disk_) disk_->process_killed();
  world_.kill(*process_);
  ended(history::ProxyEnd::kKilled, 0);
}

void ProxyHost::lose() {
  if (!running()) return;
  if (disk_) disk_->power_lost();
  world_.lose_host(config_.address);
  ended(history::ProxyEnd::kLost, 0);
}

void ProxyHost::connection_arrived(const runtime::Endpoint& at) {
  if (!running() || at.address != config_.address || at.port == kWebPort) return;
  recorder_.note(history::Accepted{config_.id});
}

void ProxyHost::exited(int code) {
  world_.stop(*process_);
  ended(history::ProxyEnd::kExited, code);
}

void ProxyHost::ended(history::ProxyEnd how, int code) {
  process_ = nullptr;
  draining_ = false;
  recorder_.note(history::ProxyEnded{config_.id, how, code});
  if (std::exchange(again_, false)) start();
}

void ProxyHost::key_made(std::uint64_t number) {
  recorder_.note(history::ProxyKeyMade{config_.id, history::KeyId{number}});
}

}  // namespace prometheus_rsocket::sim::actor
