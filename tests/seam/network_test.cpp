// Dials, listeners and names.
#include <algorithm>
#include <utility>
#include <vector>

#include "seam_test.h"

namespace prometheus_rsocket::seam {
namespace {

using boost::asio::ip::make_address;
using Addresses = std::vector<boost::asio::ip::address>;

class SeamNetwork : public SeamTest {
 protected:
  [[nodiscard]] Completion<Addresses> resolve(const std::string& name) {
    const Completion<Addresses> found(client().executor);
    client().resolver.async_resolve(name, found.handler());
    wait_for(found);
    return found;
  }
};

INSTANTIATE_TEST_SUITE_P(Runtimes, SeamNetwork, runtimes(), name_of);

TEST_P(SeamNetwork, ADialThatMeetsNoListenerIsRefused) {
  auto listener = listen();
  const auto nobody = listener->local_endpoint();
  listener.reset();
  const auto dialled = dial(nobody);
  EXPECT_FALSE(dialled.done());
  wait_for(dialled);
  EXPECT_EQ(dialled.error(), error_code(error::connection_refused));
  EXPECT_EQ(dialled.value(), nullptr);
  EXPECT_TRUE(dialled.was_on_executor());
}

TEST_P(SeamNetwork, ADialThatIsNotAnsweredIsCancelledThroughItsSlot) {
  boost::asio::cancellation_signal cancel;
  const Opening dialled(client().executor);
  client().network.async_connect(stage().silent_endpoint(), boost::asio::bind_cancellation_slot(
                                                                cancel.slot(), dialled.handler()));
  const auto answered = dial(connect().server->local_endpoint());  // takes longer than the refusal
  wait_for(answered);
  EXPECT_FALSE(dialled.done());
  cancel.emit(boost::asio::cancellation_type::terminal);
  EXPECT_FALSE(dialled.done());
  wait_for(dialled);
  EXPECT_EQ(dialled.error(), error_code(error::operation_aborted));
  EXPECT_EQ(dialled.value(), nullptr);
}

TEST_P(SeamNetwork, APortOfZeroTakesAFreeOneAndNamesIt) {
  const auto one = listen();
  const auto other = listen();
  EXPECT_NE(one->local_endpoint().port, 0);
  EXPECT_NE(one->local_endpoint().port, other->local_endpoint().port);
  EXPECT_EQ(one->local_endpoint().address, stage().server_address());
}

TEST_P(SeamNetwork, APortThatIsTakenIsAnError) {
  const auto taken = listen();
  const auto again = server().network.listen(taken->local_endpoint());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error(), error_code(error::address_in_use));
}

TEST_P(SeamNetwork, AListenerOnEveryAddressTakesThePortOnEach) {
  for (const auto* every : {"0.0.0.0", "::"}) {
    const auto listener = server().network.listen({make_address(every), 0});
    ASSERT_TRUE(listener) << every << ": " << listener.error().message();
    const runtime::Endpoint one{stage().server_address(), (*listener)->local_endpoint().port};
    EXPECT_EQ(server().network.listen(one).error(), error_code(error::address_in_use)) << every;
    const auto accepted = accept(**listener);
    const auto dialled = dial(one);
    wait_for(dialled);
    ASSERT_EQ(dialled.error(), error_code()) << every;
    wait_for(accepted);
    EXPECT_EQ(accepted.value()->local_endpoint(), one) << every;
    EXPECT_EQ(accepted.value()->remote_endpoint(), dialled.value()->local_endpoint()) << every;
  }
}

TEST_P(SeamNetwork, AnAddressOfAnotherHostCannotBeListenedOn) {
  const auto listener = server().network.listen({make_address("192.0.2.1"), 0});
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error(), boost::system::errc::address_not_available);
}

TEST_P(SeamNetwork, APortIsFreeAfterItsListenerClosed) {
  const auto before = listen();
  before->close();
  before->close();
  const auto again = listen(before->local_endpoint().port);
  const auto ends = connect_to(*again);
  EXPECT_EQ(ends.client->remote_endpoint(), before->local_endpoint());
}

TEST_P(SeamNetwork, ClosingAListenerAbortsItsAccept) {
  const auto listener = listen();
  const auto waiting = accept(*listener);
  listener->close();
  EXPECT_FALSE(waiting.done());
  wait_for(waiting);
  EXPECT_EQ(waiting.error(), error_code(error::operation_aborted));
  EXPECT_EQ(waiting.value(), nullptr);
  const auto after = accept(*listener);
  EXPECT_FALSE(after.done());
  wait_for(after);
  EXPECT_EQ(after.error(), error_code(error::operation_aborted));
}

TEST_P(SeamNetwork, DestroyingAListenerEndsItsAccept) {
  auto listener = listen();
  const auto waiting = accept(*listener);
  listener.reset();
  wait_until_gone(waiting);
  EXPECT_TRUE(!waiting.done() || waiting.error() == error::operation_aborted);
}

TEST_P(SeamNetwork, AnAcceptCanBeCancelledThroughItsSlotAndAnotherGoesOn) {
  const auto listener = listen();
  boost::asio::cancellation_signal cancel;
  const Opening waiting(server().executor);
  listener->async_accept(server().executor,
                         boost::asio::bind_cancellation_slot(cancel.slot(), waiting.handler()));
  cancel.emit(boost::asio::cancellation_type::terminal);
  wait_for(waiting);
  EXPECT_EQ(waiting.error(), error_code(error::operation_aborted));
  const auto ends = connect_to(*listener);
  EXPECT_EQ(ends.server->local_endpoint(), listener->local_endpoint());
}

TEST_P(SeamNetwork, AConnectionAndItsBytesWaitUntilTheyAreAccepted) {
  const auto listener = listen();
  const auto dialled = dial(listener->local_endpoint());
  wait_for(dialled);
  ASSERT_EQ(dialled.error(), error_code());
  ASSERT_EQ(write_all(*dialled.value(), "early"), error_code());
  const auto accepted = accept(*listener);
  EXPECT_FALSE(accepted.done());
  wait_for(accepted);
  EXPECT_EQ(read_exactly(*accepted.value(), 5), (Got{"early", {}}));
}

TEST_P(SeamNetwork, ClosingAListenerResetsWhatItDidNotAccept) {
  const auto listener = listen();
  const auto dialled = dial(listener->local_endpoint());
  wait_for(dialled);
  ASSERT_EQ(dialled.error(), error_code());
  listener->close();
  EXPECT_EQ(read_some(*dialled.value()), (Got{"", error::connection_reset}));
}

TEST_P(SeamNetwork, AStreamLivesOnTheExecutorItWasAcceptedFor) {
  const auto listener = listen();
  const Opening accepted(server(0).executor);
  listener->async_accept(server(1).executor, accepted.handler());
  const auto dialled = dial(listener->local_endpoint());
  wait_for(dialled);
  wait_for(accepted);
  EXPECT_TRUE(accepted.was_on_executor());
  runtime::Stream& stream = *accepted.value();
  EXPECT_EQ(stream.get_executor(), server(1).executor);
  ASSERT_EQ(write_all(*dialled.value(), "hello"), error_code());
  std::string buffer(5, '\0');
  const auto done = read(stream, buffer);
  wait_for(done);
  EXPECT_EQ(done.error(), error_code());
  EXPECT_TRUE(done.was_on_executor());
}

TEST_P(SeamNetwork, AConnectionThatEndedBeforeItWasAcceptedStillNamesItsPeer) {
  const auto listener = listen();
  const auto dialled = dial(listener->local_endpoint());
  wait_for(dialled);
  const auto peer = dialled.value()->local_endpoint();
  dialled.value()->close();
  const auto accepted = accept(*listener);
  wait_for(accepted);
  ASSERT_EQ(accepted.error(), error_code());
  EXPECT_EQ(accepted.value()->remote_endpoint(), peer);
  EXPECT_EQ(read_some(*accepted.value()), (Got{"", error::eof}));
}

TEST_P(SeamNetwork, ALiteralIsItsOwnAddress) {
  for (const auto* literal : {"192.0.2.7", "2001:db8::7", "::1"}) {
    const auto found = resolve(literal);
    EXPECT_EQ(found.error(), error_code());
    EXPECT_EQ(found.value(), Addresses{make_address(literal)});
    EXPECT_TRUE(found.was_on_executor());
  }
}

TEST_P(SeamNetwork, LocalhostIsThisHost) {
  const auto found = resolve("localhost");
  ASSERT_EQ(found.error(), error_code());
  EXPECT_FALSE(found.value().empty());
  EXPECT_TRUE(std::ranges::all_of(found.value(), [](const auto& a) { return a.is_loopback(); }));
}

TEST_P(SeamNetwork, AnUnknownNameIsNotFound) {
  const auto found = resolve("no..such");  // nor does any server need to be asked
  EXPECT_EQ(found.error(), error_code(error::host_not_found));
  EXPECT_EQ(found.value(), Addresses());
}

}  // namespace
}  // namespace prometheus_rsocket::seam
