// A push store whose pushes outlive it, on a virtual disk: opened, killed, opened again.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exposition/read.h"
#include "push/database_journal.h"
#include "push/push_store.h"
#include "sim/disk/virtual_disk.h"
#include "sim/world.h"

namespace prometheus_rsocket::push {

inline constexpr base::SipKey kKey{7, 11};
inline const std::string kFolder = "/pushes";
inline const std::string kFile = kFolder + "/pushes.db";

inline std::string gauge(const std::string& name, int value = 1) {
  return "# TYPE " + name + " gauge\n" + name + " " + std::to_string(value) + "\n";
}

inline std::shared_ptr<const exposition::Exposition> as_exposition(std::string text) {
  auto read = exposition::read(std::move(text), nullptr, {.text_bytes_max = 1 << 20, .key = kKey});
  EXPECT_TRUE(read);
  return std::make_shared<const exposition::Exposition>(std::move(*read));
}

class StoredPushes {
 public:
  explicit StoredPushes(std::uint64_t seed = 1, Config limits = {})
      : config(limits), world(seed), disk(world, sim::Draws(seed, 1)) {
    open();
  }
  ~StoredPushes() { kill(); }

  // A process with a store on what the disk has.
  void open() {
    process = &world.add_process(sim::ip("10.0.0.1"));
    worker_ = &process->emplace<sim::Worker>(*process, disk);
    auto opened = Database::open(disk, kFolder, kKey);
    notices = opened.notices;
    failure = opened.failure;
    store = &process->emplace<PushStore>(config, world.now());
    if (!opened.database) return;
    runtime::Shard& shard = process->shard(0);
    auto journal = std::make_unique<DatabaseJournal>(opened, *worker_, shard);
    store->restore(std::move(opened.contents), std::move(journal));
  }
  void kill() {
    if (!process->alive()) return;
    disk.process_killed();
    world.kill(*process);
  }
  void lose_power() {
    disk.power_lost();
    world.kill(*process);
  }
  void stop() { world.stop(*process); }

  void reopen() {
    kill();
    open();
  }

  // Nothing: not answered yet.
  using Answer = std::shared_ptr<std::optional<boost::system::error_code>>;
  Answer put(const std::string& client, const std::string& text) {
    auto answer = std::make_shared<std::optional<boost::system::error_code>>();
    store->put(ClientId{client}, as_exposition(text),
               [answer](boost::system::error_code error) { *answer = error; });
    return answer;
  }
  // Stored, and to be seen.
  void push(const std::string& client, const std::string& text) {
    const Answer answer = put(client, text);
    store->connection_ended(ClientId{client});
    settle();
    EXPECT_EQ(*answer, boost::system::error_code());
  }
  void settle() { static_cast<void>(world.run_until_idle()); }

  std::vector<std::string> scrape(const std::string& scraper, bool whole = true) {
    const Offer offer = store->offer(ScraperId{scraper}, View::kConnected, world.now());
    std::vector<std::string> texts;
    for (const Push& push : offer.pushes) texts.push_back(push.exposition->text);
    if (whole) {
      store->complete(offer.receipt, world.now());
    } else {
      store->abandon(offer.receipt);
    }
    return texts;
  }

  Config config;  // of the next open()
  sim::World world;
  sim::VirtualDisk disk;
  sim::Process* process = nullptr;
  PushStore* store = nullptr;
  std::vector<std::string> notices;
  std::optional<DiskFailure> failure;

 private:
  sim::Worker* worker_ = nullptr;
};

}  // namespace prometheus_rsocket::push
