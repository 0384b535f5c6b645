// Blocks deflated by shards with threads of their own.
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <memory>
#include <string>

#include "http/encoder.h"
#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"
#include "sim/peer/unpack.h"

namespace prometheus_rsocket::http {
namespace {

constexpr std::size_t kShards = 3;
constexpr std::size_t kPieces = 200;

std::string piece(std::size_t number) {
  std::string text;
  while (text.size() < 8192) text += "a{b=\"" + std::to_string(number * text.size()) + "\"} 1\n";
  return text;
}

// Takes a body on shard 0 as it comes, until its end or until `enough` bytes of it.
class Reader {
 public:
  Reader(net::Process& process, std::size_t enough)
      : process_(process),
        enough_(enough),
        encoder_(Encoders(process, 0, {GzipEffort::kFast, 16'384})
                     .make(
                         ContentCoding::kGzip,
                         [number = std::size_t{0}](std::string& out) mutable {
                           if (number == kPieces) return false;
                           out += piece(number++);
                           return true;
                         },
                         [this] { go_on(); })) {}

  void go_on() {
    if (ended_) return;
    const auto step = encoder_->next(packed_);
    ended_ = step == Encoder::Step::kEnd || packed_.size() >= enough_;
    if (ended_) return process_.stop();
    if (step == Encoder::Step::kWait) return;
    boost::asio::post(process_.shard(0).executor, [this] { go_on(); });
  }
  [[nodiscard]] const std::string& packed() const { return packed_; }

 private:
  net::Process& process_;
  const std::size_t enough_;
  bool ended_ = false;
  std::string packed_;
  std::unique_ptr<Encoder> encoder_;
};

struct Threads {
  std::unique_ptr<runtime::Log> log =
      net::make_stderr_log(runtime::LogLevel::kError, net::LogFormat::kLogfmt);
  std::unique_ptr<runtime::Keys> keys = net::make_keys();
  net::Process process{kShards, *keys, *log};
};

TEST(GzipThreads, BlocksOfSeveralThreadsAreOneMember) {
  Threads it;
  Reader reader(it.process, std::string::npos);
  boost::asio::post(it.process.shard(0).executor, [&] { reader.go_on(); });
  it.process.run();
  std::string text;
  for (std::size_t i = 0; i < kPieces; ++i) text += piece(i);
  EXPECT_TRUE(sim::peer::gunzip(reader.packed()) == text);
}

TEST(GzipThreads, AProcessMayEndWithBlocksUnderWay) {
  for (std::size_t enough = 1; enough < 100'000; enough += 5000) {
    Threads it;
    Reader reader(it.process, enough);
    boost::asio::post(it.process.shard(0).executor, [&] { reader.go_on(); });
    it.process.run();
    EXPECT_GE(reader.packed().size(), enough);
  }
}

}  // namespace
}  // namespace prometheus_rsocket::http
