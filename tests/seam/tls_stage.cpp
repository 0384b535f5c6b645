// TLS over a connection of the conformance suite.
#include <gtest/gtest.h>

#include "authority.h"
#include "completion.h"
#include "net/tls.h"
#include "stage.h"

namespace prometheus_rsocket::seam {
namespace {

using StreamPtr = std::unique_ptr<runtime::Stream>;

struct Settings {
  test::Authority authority{"authority"};
  std::shared_ptr<const runtime::TlsServer> server;
  std::shared_ptr<const runtime::TlsClient> client;

  Settings() {
    const auto identity = authority.issue();
    runtime::TlsServerConfig of_server;
    of_server.certificates = identity.certificates;
    of_server.private_key = identity.private_key;
    server = *net::make_tls_server(of_server);
    runtime::TlsClientConfig of_client;
    of_client.authorities = authority.certificate();
    client = *net::make_tls_client(of_client);
  }
};

}  // namespace

Ends encrypt(Stage& stage, Ends ends) {
  static const Settings settings;
  using Shaken = Completion<StreamPtr, runtime::TlsPeer>;
  const Shaken server(ends.server->get_executor());
  const Shaken client(ends.client->get_executor());
  settings.server->async_handshake(std::move(ends.server), server.handler());
  settings.client->async_handshake(std::move(ends.client), "localhost", client.handler());
  EXPECT_TRUE(stage.run_until([&] { return server.done() && client.done(); }));
  EXPECT_EQ(server.error(), runtime::error_code());
  EXPECT_EQ(client.error(), runtime::error_code());
  return {std::move(client.value()), std::move(server.value())};
}

}  // namespace prometheus_rsocket::seam
