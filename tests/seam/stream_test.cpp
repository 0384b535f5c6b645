// Streams: what is written arrives, and every way a connection ends looks the same on both
// runtimes, and encrypted.
#include <array>
#include <vector>

#include "seam_test.h"

namespace prometheus_rsocket::seam {
namespace {

class SeamStreams : public SeamTest {
 protected:
  // The server's end has something unread when this returns.
  void leave_unread(Ends& ends) {
    ASSERT_EQ(write_all(*ends.client, "question"), error_code());
    ASSERT_EQ(read_some(*ends.server, 1), (Got{"q", {}}));
    let_arrive();
  }
  // The client's end is reset; `words`: what the server said before.
  void reset_client(Ends& ends, std::string_view words = {}) {
    leave_unread(ends);
    ASSERT_EQ(write_all(*ends.server, words), error_code());
    ends.server->close();
  }
};

INSTANTIATE_TEST_SUITE_P(Runtimes, SeamStreams, runtimes_and_tls(), name_of);

// Bytes that differ at every place of a length below 2^16.
std::string pattern(std::size_t size, unsigned start) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>((start + i) * 2654435761U >> 13U);
  }
  return bytes;
}

TEST_P(SeamStreams, BothEndsNameTheSameTwoEndpoints) {
  const auto listener = listen();
  const auto ends = connect_to(*listener);
  EXPECT_EQ(ends.client->remote_endpoint(), listener->local_endpoint());
  EXPECT_EQ(ends.server->local_endpoint(), listener->local_endpoint());
  EXPECT_EQ(ends.server->remote_endpoint(), ends.client->local_endpoint());
}

TEST_P(SeamStreams, ALargeTransferIsExactInBothDirectionsAtOnce) {
  const auto ends = connect();
  const std::string question = pattern(1'000'003, 1);
  const std::string answer = pattern(700'001, 7);
  std::string at_server(question.size(), '\0');
  std::string at_client(answer.size(), '\0');
  const std::array<Transfer, 4> all{Transfer(server().executor), Transfer(server().executor),
                                    Transfer(client().executor), Transfer(client().executor)};
  using boost::asio::buffer;
  boost::asio::async_read(*ends.server, buffer(at_server), all[0].handler());
  boost::asio::async_write(*ends.server, buffer(answer), all[1].handler());
  boost::asio::async_read(*ends.client, buffer(at_client), all[2].handler());
  boost::asio::async_write(*ends.client, buffer(question), all[3].handler());
  for (const auto& transfer : all) {
    wait_for(transfer);
    EXPECT_EQ(transfer.error(), error_code());
  }
  EXPECT_TRUE(at_server == question);
  EXPECT_TRUE(at_client == answer);
}

TEST_P(SeamStreams, AWriteTakesItsBuffersInTheirOrderAndEmptyOnesDoNotMatter) {
  const auto ends = connect();
  const std::vector<boost::asio::const_buffer> parts{
      {}, boost::asio::buffer("one ", 4), {}, boost::asio::buffer("two", 3), {}};
  const Transfer written(client().executor);
  boost::asio::async_write(*ends.client, parts, written.handler());
  wait_for(written);
  EXPECT_EQ(written.value(), 7U);
  EXPECT_EQ(read_exactly(*ends.server, 7), (Got{"one two", {}}));
}

TEST_P(SeamStreams, AReadFillsTheFirstBufferThatHasRoom) {
  const auto ends = connect();
  ASSERT_EQ(write_all(*ends.client, "abcd"), error_code());
  std::string first(2, '-');
  std::string second(2, '-');
  const std::vector<boost::asio::mutable_buffer> parts{
      {}, boost::asio::buffer(first), boost::asio::buffer(second)};
  const Transfer done(server().executor);
  ends.server->async_read_some(parts, done.handler());
  wait_for(done);
  EXPECT_EQ(first.substr(0, done.value()), std::string("ab").substr(0, done.value()));
  EXPECT_EQ(second, "--");
}

TEST_P(SeamStreams, ABufferOfNoSizeCompletesAtOnceWithNoBytes) {
  const auto ends = connect();
  EXPECT_EQ(read_some(*ends.client, 0), (Got{"", {}}));
  const auto nothing = write(*ends.client, "");
  wait_for(nothing);
  EXPECT_EQ(nothing.error(), error_code());
  EXPECT_EQ(nothing.value(), 0U);
}

TEST_P(SeamStreams, AHandlerRunsLaterAndOnItsExecutorThoughTheBytesAreThere) {
  const auto ends = connect();
  ASSERT_EQ(write_all(*ends.client, "two"), error_code());
  let_arrive();
  ASSERT_EQ(read_some(*ends.server, 1), (Got{"t", {}}));
  std::string buffer(1, '\0');
  for (const auto& executor : {server(0).executor, server(1).executor}) {
    const Transfer done(executor);
    ends.server->async_read_some(boost::asio::buffer(buffer), done.handler());
    EXPECT_FALSE(done.done());
    wait_for(done);
    EXPECT_TRUE(done.was_on_executor());
  }
}

TEST_P(SeamStreams, AStreamNamesTheExecutorItLivesOn) {
  const auto ends = connect();
  EXPECT_EQ(ends.client->get_executor(), client().executor);
  EXPECT_EQ(ends.server->get_executor(), server().executor);
}

TEST_P(SeamStreams, AFinIsEofAndTheOtherDirectionGoesOn) {
  const auto ends = connect();
  ASSERT_EQ(write_all(*ends.client, "last"), error_code());
  ASSERT_EQ(shutdown_send(*ends.client), error_code());
  EXPECT_EQ(read_exactly(*ends.server, 4), (Got{"last", {}}));
  EXPECT_EQ(read_some(*ends.server), (Got{"", error::eof}));
  ASSERT_EQ(write_all(*ends.server, "answer"), error_code());
  EXPECT_EQ(read_exactly(*ends.client, 6), (Got{"answer", {}}));
  ASSERT_EQ(shutdown_send(*ends.server), error_code());
  EXPECT_EQ(read_some(*ends.client), (Got{"", error::eof}));
}

TEST_P(SeamStreams, AWriteAfterTheFinIsABrokenPipe) {
  const auto ends = connect();
  ASSERT_EQ(shutdown_send(*ends.client), error_code());
  EXPECT_EQ(write_all(*ends.client, "more"), error_code(error::broken_pipe));
  EXPECT_EQ(shutdown_send(*ends.client), error_code()) << "it was sent already";
}

TEST_P(SeamStreams, ClosingWithNothingUnreadIsAFin) {
  const auto ends = connect();
  ASSERT_EQ(write_all(*ends.server, "bye"), error_code());
  ends.server->close();
  EXPECT_EQ(read_exactly(*ends.client, 3), (Got{"bye", {}}));
  EXPECT_EQ(read_some(*ends.client), (Got{"", error::eof}));
}

TEST_P(SeamStreams, ClosingWithSomethingUnreadResetsThePeer) {
  auto ends = connect();
  reset_client(ends);
  EXPECT_EQ(read_some(*ends.client), (Got{"", error::connection_reset}));
}

TEST_P(SeamStreams, AReadUnderWayIsReset) {
  auto ends = connect();
  std::string buffer(8, '\0');
  const auto waiting = read(*ends.client, buffer);
  reset_client(ends);
  wait_for(waiting);
  EXPECT_EQ(waiting.error(), error_code(error::connection_reset));
}

TEST_P(SeamStreams, WhatCameBeforeAResetCanStillBeRead) {
  auto ends = connect();
  reset_client(ends, "words");
  EXPECT_EQ(read_exactly(*ends.client, 5), (Got{"words", {}}));
  EXPECT_EQ(read_some(*ends.client), (Got{"", error::connection_reset}));
}

TEST_P(SeamStreams, AResetThatAReadWasToldIsABrokenPipeForWrites) {
  auto ends = connect();
  reset_client(ends);
  ASSERT_EQ(read_some(*ends.client), (Got{"", error::connection_reset}));
  EXPECT_EQ(write_all(*ends.client, "more"), error_code(error::broken_pipe));
  EXPECT_EQ(shutdown_send(*ends.client), error_code(error::not_connected));
}

TEST_P(SeamStreams, AResetIsToldTheWaitingWriteAndIsAnEofForTheWaitingRead) {
  auto ends = connect();
  std::string buffer(8, '\0');
  const auto reading = read(*ends.client, buffer);
  const auto writing = write_too_much(*ends.client);
  ASSERT_EQ(read_some(*ends.server, 1), (Got{"x", {}}));
  let_arrive();
  ends.server->close();
  wait_for(writing);
  wait_for(reading);
  EXPECT_EQ(writing.error(), error_code(error::connection_reset));
  EXPECT_EQ(reading.error(), error_code(error::eof));
}

TEST_P(SeamStreams, AWriteThatWaitsForAPeerThatResetsIsReset) {
  auto ends = connect();
  const auto written = write_too_much(*ends.client);
  ASSERT_EQ(read_some(*ends.server, 1), (Got{"x", {}}));
  let_arrive();
  ends.server->close();
  wait_for(written);
  EXPECT_EQ(written.error(), error_code(error::connection_reset));
}

TEST_P(SeamStreams, WritingToAPeerThatHasClosedIsABrokenPipe) {
  const auto ends = connect();
  ends.server->close();
  ASSERT_EQ(read_some(*ends.client), (Got{"", error::eof}));
  error_code result;
  while (!result) {
    const auto written = write(*ends.client, "nobody hears this");
    wait_for(written);
    result = written.error();
  }
  EXPECT_EQ(result, error_code(error::broken_pipe));
}

TEST_P(SeamStreams, CloseAbortsWhatIsUnderWay) {
  const auto ends = connect();
  std::string buffer(8, '\0');
  const auto reading = read(*ends.client, buffer);
  const auto writing = write_too_much(*ends.client);
  ends.client->close();
  wait_for(reading);
  wait_for(writing);
  EXPECT_EQ(reading.error(), error_code(error::operation_aborted));
  EXPECT_EQ(writing.error(), error_code(error::operation_aborted));
}

TEST_P(SeamStreams, WhatIsStartedAfterCloseIsAborted) {
  const auto ends = connect();
  const auto local = ends.client->local_endpoint();
  ends.client->close();
  ends.client->close();
  EXPECT_EQ(read_some(*ends.client), (Got{"", error::operation_aborted}));
  EXPECT_EQ(read_some(*ends.client, 0), (Got{"", error::operation_aborted}));
  EXPECT_EQ(write_all(*ends.client, "more"), error_code(error::operation_aborted));
  EXPECT_EQ(shutdown_send(*ends.client), error_code(error::operation_aborted));
  EXPECT_EQ(ends.client->local_endpoint(), local) << "it is still known";
}

TEST_P(SeamStreams, DestroyingAStreamEndsWhatIsUnderWayAndTellsThePeer) {
  auto ends = connect();
  std::string buffer(8, '\0');
  const auto reading = read(*ends.client, buffer);
  ends.client.reset();
  wait_until_gone(reading);
  EXPECT_TRUE(!reading.done() || reading.error() == error::operation_aborted);
  EXPECT_EQ(read_some(*ends.server), (Got{"", error::eof}));
}

TEST_P(SeamStreams, AHandlerMayDestroyItsStream) {
  auto ends = connect();
  std::string buffer(8, '\0');
  const Transfer reading(client().executor);
  auto& stream = *ends.client;
  stream.async_read_some(boost::asio::buffer(buffer), reading.handler(std::move(ends.client)));
  ends.server->close();
  wait_until_gone(reading);
  EXPECT_EQ(reading.error(), error_code(error::eof));
}

TEST_P(SeamStreams, WhatThePeerAnswersAcknowledgesWhatCameBefore) {
  const auto ends = connect();
  EXPECT_TRUE(ends.server->is_acknowledged()) << "nothing was written";
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(write_all(*ends.server, "answer"), error_code());
    ASSERT_EQ(read_exactly(*ends.client, 6), (Got{"answer", {}}));
    ASSERT_EQ(write_all(*ends.client, "next"), error_code());
    ASSERT_EQ(read_exactly(*ends.server, 4), (Got{"next", {}}));
    EXPECT_TRUE(ends.server->is_acknowledged());
  }
}

TEST_P(SeamStreams, TheFinOfAPeerThatHasReadAllAcknowledgesIt) {
  const auto ends = connect();
  ASSERT_EQ(write_all(*ends.server, "answer"), error_code());
  ASSERT_EQ(shutdown_send(*ends.server), error_code());
  ASSERT_EQ(read_exactly(*ends.client, 6), (Got{"answer", {}}));
  ends.client->close();
  ASSERT_EQ(read_some(*ends.server), (Got{"", error::eof}));
  EXPECT_TRUE(ends.server->is_acknowledged());
  ends.server->close();
  EXPECT_FALSE(ends.server->is_acknowledged()) << "it is closed";
}

TEST_P(SeamStreams, AReadCanBeCancelledThroughItsSlotAndAnotherGoesOn) {
  const auto ends = connect();
  boost::asio::cancellation_signal cancel;
  std::string buffer(8, '\0');
  const Transfer reading(client().executor);
  ends.client->async_read_some(boost::asio::buffer(buffer), boost::asio::bind_cancellation_slot(
                                                                cancel.slot(), reading.handler()));
  cancel.emit(boost::asio::cancellation_type::terminal);
  wait_for(reading);
  EXPECT_EQ(reading.error(), error_code(error::operation_aborted));
  ASSERT_EQ(write_all(*ends.server, "more"), error_code());
  EXPECT_EQ(read_exactly(*ends.client, 4), (Got{"more", {}}));
}

}  // namespace
}  // namespace prometheus_rsocket::seam
