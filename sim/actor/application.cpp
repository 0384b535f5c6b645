#include "sim/actor/application.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/check.h"

namespace prometheus_rsocket::sim::actor {

Application::Application(World& world, history::Recorder& recorder, Home home)
    : world_(world), recorder_(recorder), home_(std::move(home)), who_{home_.instance, 0} {}

Application::~Application() {
  if (process_ != nullptr) world_.stop(*process_);
}

void Application::start() {
  CHECK(!alive(), "an application lives once at a time");
  ++who_.number;
  hung_ = false;
  garbled_ = false;
  leaving_ = false;
  fresh_key_.reset();
  keys_.clear();
  process_ = &world_.add_process(home_.host);
  process_->observe_keys(this);
  recorder_.note(history::ClientStarted{who_, home_.kind});
  life_ = &make_life(*process_);
}

void Application::command(std::function<void(Life&)> what) {
  if (!alive()) return;
  boost::asio::post(process_->shard(0).executor, [this, what = std::move(what)] { what(*life_); });
}

void Application::close() {
  command([this](Life& life) {
    leaving_ = true;
    life.close();
  });
}

void Application::push(history::PushKind kind) {
  command([kind](Life& life) { life.push(kind); });
}

void Application::hang() {
  command([this](Life& life) {
    if (std::exchange(hung_, true)) return;
    recorder_.note(history::Hung{who_});
    life.hang();
  });
}

void Application::recover() {
  command([this](Life& life) {
    if (!std::exchange(hung_, false)) return;
    recorder_.note(history::Recovered{who_});
    life.recover();
  });
}

void Application::garble() {
  command([this](Life& life) {
    if (std::exchange(garbled_, true)) return;
    recorder_.note(history::Garbled{who_});
    life.garble();
  });
}

void Application::mend() {
  command([this](Life& life) {
    if (!std::exchange(garbled_, false)) return;
    recorder_.note(history::Mended{who_});
    life.mend();
  });
}

void Application::key_given(std::uint64_t connection) {
  if (fresh_key_) keys_[connection] = *std::exchange(fresh_key_, std::nullopt);
  const auto key = keys_.find(connection);
  CHECK(key != keys_.end(), "the first key of a connection was read");
  recorder_.note(history::KeyGiven{who_, key->second, connection});
}

void Application::kill() {
  if (!alive()) return;
  world_.kill(*process_);
  ended(history::ClientEnd::kKilled);
}

void Application::lose() {
  if (!alive()) return;
  world_.lose_host(home_.host);
  ended(history::ClientEnd::kLost);
}

void Application::leave() {
  boost::asio::post(process_->shard(0).executor, [this] {
    world_.stop(*process_);
    ended(history::ClientEnd::kLeft);
  });
}

void Application::ended(history::ClientEnd how) {
  process_ = nullptr;
  life_ = nullptr;
  const bool was_leaving = leaving_ && how != history::ClientEnd::kLeft;
  recorder_.note(history::ClientEnded{who_, how, was_leaving});
}

}  // namespace prometheus_rsocket::sim::actor
