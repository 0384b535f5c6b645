#include "sim/actor/scraper.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <utility>

#include "sim/history/payload.h"
#include "sim/peer/unpack.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using history::ScrapeResult;
using runtime::error_code;

// After the first bytes of an answer, so that more has come and is not read: then closing resets.
constexpr base::Duration kAbortDelay = std::chrono::milliseconds(50);

// `10`, `2.500`.
std::string in_seconds(base::Duration duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  std::string text = std::to_string(ms / 1000);
  if (ms % 1000 != 0) text += "." + std::to_string(1000 + ms % 1000).substr(1);
  return text;
}

}  // namespace

Scraper::Scraper(runtime::Shard& shard, history::Recorder& recorder, ScraperConfig config,
                 Draws draws)
    : shard_(shard),
      recorder_(recorder),
      config_(std::move(config)),
      draws_(draws),
      timeout_(shard, [this] { break_off(ScrapeResult::kTimedOut); }),
      abort_(shard, [this] { break_off(ScrapeResult::kAborted); }) {}

Scraper::~Scraper() {
  give_up_dial();
  if (connection_) connection_->abort();
}

void Scraper::scrape(std::function<void()> done) {
  if (scraping()) return;
  current_ = Scrape{.id = recorder_.next_scrape(),
                    .aborts = std::exchange(aborts_next_, false),
                    .redials = connection_ != nullptr,
                    .done = std::move(done)};
  recorder_.note(history::ScrapeBegan{current_->id, config_.id, config_.proxy, config_.timeout,
                                      slow_next_.has_value(), config_.page});
  timeout_.set(shard_.clock.now() + config_.timeout);
  if (connection_) {
    request();
  } else {
    dial();
  }
}

void Scraper::dial() {
  dial_ = std::make_shared<int>();
  shard_.network.async_connect(
      config_.endpoint,
      boost::asio::bind_cancellation_slot(
          cancel_dial_.slot(),
          boost::asio::bind_executor(
              shard_.executor, [this, alive = std::weak_ptr(dial_)](
                                   error_code error, std::unique_ptr<runtime::Stream> stream) {
                if (alive.expired()) return;
                dial_.reset();
                if (error) return break_off(ScrapeResult::kRefused);
                connection_ = std::make_shared<ScrapeConnection>(
                    shard_, std::move(stream), static_cast<ScrapeConnection::Owner&>(*this));
                request();
              })));
}

// So that no SYN of it goes on until somebody is there again.
void Scraper::give_up_dial() {
  if (std::exchange(dial_, nullptr)) cancel_dial_.emit(boost::asio::cancellation_type::terminal);
}

void Scraper::request() {
  std::string encodings;
  if (draws_.percent(config_.gzip_percent)) encodings = "gzip";
  if (draws_.percent(config_.zstd_percent))
    encodings += encodings.empty() ? "zstd" : ", zstd;q=0.5";
  const bool openmetrics = draws_.percent(config_.openmetrics_percent);
  const Pace pace = std::exchange(slow_next_, std::nullopt).value_or(Pace{16384, {}});
  connection_->set_pace(pace.bytes, pace.gap);
  connection_->get(
      config_.path + (config_.name.empty() ? "" : "?scraper=" + config_.name),
      "User-Agent: " + config_.user_agent +
          "\r\nAccept: " + (openmetrics ? "application/openmetrics-text;version=1.0.0," : "") +
          "text/plain;version=0.0.4;q=0.5,*/*;q=0.1" +
          (encodings.empty() ? "" : "\r\nAccept-Encoding: " + encodings) +
          "\r\nX-Prometheus-Scrape-Timeout-Seconds: " + in_seconds(config_.timeout) + "\r\n");
}

void Scraper::on_begun() {
  if (unconfirmed_) recorder_.note(history::ScrapeConfirmed{*unconfirmed_});
  unconfirmed_.reset();
  if (!current_->aborts) return;
  connection_->stop_reading();
  abort_.set(shard_.clock.now() + kAbortDelay);
}

void Scraper::on_answer(peer::HttpResponse response) {
  history::ScrapeEnded how;
  how.result = ScrapeResult::kWhole;
  how.status = response.status;
  const auto body = peer::unpacked_body(response);
  if (!body) {
    how.trouble = "the body is not what its content coding says";
  } else if (how.status == 200) {
    const auto type = response.headers.find("content-type");
    const bool openmetrics =
        type != response.headers.end() && type->second.starts_with("application/openmetrics-text");
    auto page = history::parse_page(*body, openmetrics);
    how.samples = std::move(page.samples);
    how.trouble = std::move(page.trouble);
  }
  if (how.status == 200) unconfirmed_ = current_->id;
  const auto keeps = response.headers.find("connection");
  end(std::move(how));
  if (keeps != response.headers.end() && keeps->second == "close") hang_up();
}

void Scraper::on_ended(error_code /*error*/, std::size_t bytes) {
  connection_.reset();
  unconfirmed_.reset();
  if (!current_) return;
  // As Go's client: a kept connection may have died unseen, and nothing of an answer has come.
  if (bytes == 0 && std::exchange(current_->redials, false)) return dial();
  break_off(ScrapeResult::kBroken);
}

void Scraper::hang_up() {
  if (!connection_ || scraping()) return;
  connection_->finish([&recorder = recorder_, scrape = std::exchange(unconfirmed_, std::nullopt)] {
    if (scrape) recorder.note(history::ScrapeConfirmed{*scrape});
  });
  connection_.reset();
}

// Whatever is under way ends without an answer.
void Scraper::break_off(ScrapeResult result) {
  if (connection_) connection_->abort();
  connection_.reset();
  give_up_dial();
  unconfirmed_.reset();
  history::ScrapeEnded how;
  how.result = result;
  end(std::move(how));
}

void Scraper::end(history::ScrapeEnded how) {
  timeout_.clear();
  abort_.clear();
  const Scrape ended = std::move(*current_);
  current_.reset();
  how.scrape = ended.id;
  how.scraper = config_.id;
  how.proxy = config_.proxy;
  recorder_.note(std::move(how));
  if (ended.done) ended.done();
}

}  // namespace prometheus_rsocket::sim::actor
