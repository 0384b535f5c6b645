// The transports over TLS, as an application builds them: it trusts one authority, and may have a
// certificate or, over WebSocket, a bearer token of its own.
package interop.client;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.rsocket.transport.ClientTransport;
import io.rsocket.transport.netty.client.TcpClientTransport;
import io.rsocket.transport.netty.client.WebsocketClientTransport;
import java.io.File;
import javax.net.ssl.SSLException;
import reactor.netty.http.client.HttpClient;
import reactor.netty.tcp.TcpClient;

final class TlsDialer {
  private TlsDialer() {}

  static ClientTransport create(Options options) {
    SslContext tls = context(options);
    String host = options.text("host");
    int port = options.number("port");
    return switch (options.text("transport")) {
      case "tcp" -> TcpClientTransport.create(
          TcpClient.create().host(host).port(port).secure(spec -> spec.sslContext(tls)));
      case "websocket" -> {
        WebsocketClientTransport transport = WebsocketClientTransport.create(
            HttpClient.create().host(host).port(port).secure(spec -> spec.sslContext(tls)), "/");
        String token = options.text("token");
        yield token.isEmpty() ? transport : transport.header("Authorization", "Bearer " + token);
      }
      default -> throw new IllegalArgumentException("--transport is tcp or websocket");
    };
  }

  private static SslContext context(Options options) {
    SslContextBuilder builder =
        SslContextBuilder.forClient().trustManager(new File(options.text("tls-authority")));
    if (!options.text("tls-certificate").isEmpty()) {
      builder.keyManager(
          new File(options.text("tls-certificate")), new File(options.text("tls-key")));
    }
    try {
      return builder.build();
    } catch (SSLException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
