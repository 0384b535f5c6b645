// One connected client, on the shard that has its connection: gets the key, is asked for its
// metrics, and may push.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "envelope/key.h"
#include "exposition/labelled.h"
#include "runtime/alarm.h"
#include "server/access.h"
#include "server/config.h"
#include "server/log_limit.h"
#include "server/metrics.h"
#include "server/open.h"
#include "server/registry.h"
#include "server/reply.h"
#include "server/text_budget.h"
#include "transport/session.h"

namespace prometheus_rsocket::server {

class Client;

// What a client needs of the shard it is on, and tells it.
class ClientOwner {
 public:
  virtual ~ClientOwner() = default;
  [[nodiscard]] virtual runtime::Shard& shard() = 0;
  [[nodiscard]] virtual const Config& config() const = 0;
  [[nodiscard]] virtual ShardMetrics& metrics() = 0;
  [[nodiscard]] virtual LogLimit& log_limit() = 0;
  // The process's secret for hashes of what clients choose.
  [[nodiscard]] virtual const base::SipKey& hash_key() const = 0;
  [[nodiscard]] virtual bool draining() const = 0;
  // Who may be here, as it is now.
  [[nodiscard]] virtual const std::shared_ptr<const ClientAccess>& access() const = 0;
  // None until the first key is made.
  [[nodiscard]] virtual const std::shared_ptr<const envelope::PrivateKey>& key() const = 0;

  // What its clients' frames on their way in share.
  [[nodiscard]] virtual const std::shared_ptr<transport::ByteBudget>& inflight() const = 0;
  [[nodiscard]] virtual const std::shared_ptr<transport::Turns>& turns() const = 0;
  // What its clients' last expositions share, which are kept to read the next ones by.
  [[nodiscard]] virtual const std::shared_ptr<transport::ByteBudget>& remembered() const = 0;

  // What all clients' expositions share that are held, whichever shard they are of.
  [[nodiscard]] virtual const std::shared_ptr<TextBudget>& texts() const = 0;

  virtual void connected(const Client& client, ClientInfo info) = 0;
  // In place of connected(): it may not be here, and is held until it ends.
  virtual void refused(const Client& client) = 0;
  virtual void replied(PullId pull, Reply reply) = 0;
  // `stream` is 0 where no answer is wanted; else push_stored() has to come.
  virtual void pushed(const Client& client, std::uint32_t stream,
                      std::shared_ptr<const Exposition> exposition) = 0;
  // Destroys the client; the last call it makes. Its goodbye may still be on its way.
  virtual void ended(Client& client, Departure how) = 0;
};

class Client final : private transport::SessionHandler {
 public:
  // `remote`: the client's own address, also where `channel` is a balancer's. `access`: by
  // which it has shown `credentials` before SETUP, which is judged by what is asked then.
  Client(ClientOwner& owner, ConnectionId id, std::unique_ptr<transport::FrameChannel> channel,
         const runtime::Endpoint& remote, std::shared_ptr<const ClientAccess> access,
         Credentials credentials, base::Instant accepted_at);
  ~Client() override;

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends the owner's key, once SETUP is done, unless it has been given.
  void give_key();

  // Asks for its metrics; exactly one replied() follows. REQUIRES: connected().
  void pull(PullId pull);
  // Who has not replied yet is late: replied() comes with nothing.
  void end_pull(PullId pull);
  // It is not asked any more, and no replied() comes, unless it is on its way, or it has been asked
  // for so long in vain that it is late.
  void cancel_pull(PullId pull);

  // The answer to pushed().
  void push_stored(std::uint32_t stream, boost::system::error_code error);

  // `closed` comes when its socket is closed, which may be after it has ended.
  void when_channel_closed(runtime::Handler<void()> closed);

  // It is not asked any more, and stays connected: what some of base/mutant.h's bugs do.
  void forget();
  // Its own, also behind a balancer, which may not know the port: 0.
  [[nodiscard]] const runtime::Endpoint& remote_endpoint() const { return remote_; }

  // Another connection of the same process takes its place: it is asked no more, and sent away once
  // it has answered what it was asked.
  void retire();
  // Sends it away. It reconnects by itself, to another proxy if there is one.
  void leave();
  // Asks it to go elsewhere and to stay until it is scraped there (transport/leaving.h). False
  // where it does not know how.
  [[nodiscard]] bool ask_to_leave();
  [[nodiscard]] bool asked_to_leave() const { return asked_to_leave_; }
  void abort() { session_->abort(); }

  [[nodiscard]] ConnectionId id() const { return id_; }
  [[nodiscard]] bool connected() const { return connected_at_.has_value(); }  // SETUP is done
  [[nodiscard]] bool may_be_asked() const { return connected() && !retired_; }
  [[nodiscard]] bool tardy() const { return late_in_a_row_ >= kTardyAfter; }
  [[nodiscard]] std::optional<PullId> last_replied() const { return last_replied_; }
  // Over --rsocket.max-connection-age: to be sent away at the next occasion.
  [[nodiscard]] bool overaged() const { return overaged_; }

 private:
  struct Asked {
    PullId pull;
    rsocket::StreamId stream;
    base::Instant at;
    bool tardy;
  };

  void on_event(const rsocket::Event& event) override;
  void on(const rsocket::SetupReceived& setup);
  void on(const rsocket::Request& request);
  void on(const rsocket::FireAndForget& request);
  void on(const rsocket::RequestCancelled&) {}
  void on(const rsocket::RequestAborted& aborted);
  void on(const rsocket::Response& response);
  void on(const rsocket::ResponseError& error);
  void on(const rsocket::ResponseAborted& aborted);
  void on(const rsocket::PeerError& error);
  void on(const rsocket::Closed& closed);

  // What came of a payload.
  struct Opened {
    std::shared_ptr<const Exposition> exposition;  // null: it is refused
    std::shared_ptr<const Exposition> as_it_came;  // the same without --labels.identity
    std::string reason;                            // then, why
  };

  [[nodiscard]] ClientInfo read_info(const rsocket::SetupReceived& setup);
  // Why it may not be here; empty if it may, and then whether it has shown its name to be its own.
  [[nodiscard]] std::string_view judge(ClientInfo& info) const;
  // Refusing is holding: it is heard no more, and sent away after a while.
  void refuse(std::string_view why);
  [[nodiscard]] std::optional<Asked> take(rsocket::StreamId stream);
  // What it was asked there is no answer to any more; nothing if it has answered.
  [[nodiscard]] std::optional<Asked> withdraw(PullId pull);
  void be_late(const Asked& asked);
  void leave_if_retired();
  void answer(const Asked& asked, PullOutcome outcome, std::shared_ptr<const Exposition> exposition,
              ScrapeRecord record = {});
  void remember(const std::shared_ptr<const envelope::PrivateKey>& key);
  void remember(const std::shared_ptr<const Exposition>& exposition);
  // A reply is read by the last one, and within the room that there is for texts; a push has its
  // own.
  enum class Kind { kReply, kPush };
  [[nodiscard]] Opened open(const rsocket::PayloadView& payload, Kind kind);
  // What the next text may take.
  [[nodiscard]] OpenBounds bounds(Kind kind) const;
  // With the client's name on every sample.
  [[nodiscard]] boost::system::result<Exposition, OpenFailure> with_identity(
      const Exposition& exposition, const OpenBounds& bounds) const;
  std::string give_up(std::string_view what, rsocket::AbortReason reason);  // the reason in words
  [[nodiscard]] Departure departure(rsocket::CloseReason reason) const;
  void log_trouble(std::string_view message, std::string reason);
  void limit_age();
  [[nodiscard]] base::Instant now() const { return owner_.shard().clock.now(); }

  ClientOwner& owner_;
  const ConnectionId id_;
  std::vector<exposition::ExtraLabel> identity_labels_;  // where they are wanted
  const runtime::Endpoint remote_;
  const std::shared_ptr<const ClientAccess> access_;
  Credentials credentials_;
  std::optional<base::Instant> connected_at_;
  std::vector<std::shared_ptr<const envelope::PrivateKey>> keys_;  // newest first
  std::vector<Asked> asked_;
  unsigned late_in_a_row_ = 0;
  base::Duration unanswered_{};  // since it answered or was late: how long what was cancelled took
  std::optional<PullId> last_replied_;
  std::shared_ptr<const Exposition> last_;  // as long as there is room for it
  transport::Reservation last_room_;
  bool overaged_ = false;
  bool is_ours_ = false;
  bool asked_to_leave_ = false;
  bool retired_ = false;
  bool has_pushed_ = false;
  std::optional<runtime::Alarm> age_alarm_;      // set where ages are limited
  std::optional<runtime::Alarm> refused_alarm_;  // set when it is refused
  std::shared_ptr<transport::Session> session_;  // shared with the operations under way
};

}  // namespace prometheus_rsocket::server
