// One Micrometer client with a registry of its own, and the events of its life.
package interop.client;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import io.micrometer.prometheus.rsocket.PrometheusRSocketClient;
import io.rsocket.DuplexConnection;
import io.rsocket.transport.ClientTransport;
import io.rsocket.transport.netty.client.TcpClientTransport;
import io.rsocket.transport.netty.client.WebsocketClientTransport;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

final class Peer {
  private final int number;
  private final ClientTransport transport;
  private final Duration firstBackoff;
  private final PrometheusMeterRegistry registry;
  private final AtomicLong scrapes = new AtomicLong();
  private PrometheusRSocketClient client;

  Peer(int number, Options options) {
    this.number = number;
    this.firstBackoff = Duration.ofMillis(options.number("first-backoff-ms"));
    this.transport = observed(dialer(options));
    this.registry = Series.registry(options.text("name"), number, options.number("series"));
    Gauge.builder("interop.scrapes", scrapes, AtomicLong::get).register(registry);
    if (options.number("clock") != 0) {
      FunctionCounter.builder("interop.clock", this, peer -> System.currentTimeMillis() / 1000.0)
          .baseUnit("seconds")
          .register(registry);
    }
  }

  void start() {
    client = PrometheusRSocketClient.build(registry, this::scrape, transport)
        .retry(Retry.backoff(Long.MAX_VALUE, firstBackoff)
            .maxBackoff(firstBackoff.multipliedBy(60)))
        .doOnKeyReceived(() -> say("key"))
        .connect();
    say("started");
  }

  void push() {
    client.pushAndClose();
    say("pushed", "n", scrapes.get());
  }

  void pushBlocking() {
    client.pushAndCloseBlockingly();
    say("pushed", "n", scrapes.get());
  }

  void close() {
    client.close();
    say("closed");
  }

  /** The text as it is now, not counted as a scrape. */
  void tellText() {
    byte[] text = registry.scrape().getBytes(StandardCharsets.UTF_8);
    say("text", "base64", Base64.getEncoder().encodeToString(text));
  }

  /** Looks into the client's private state: there is no other way to see the key go. */
  void tellKeyState() {
    try {
      Field field = PrometheusRSocketClient.class.getDeclaredField("latestKey");
      field.setAccessible(true);
      AtomicReference<?> key = (AtomicReference<?>) field.get(client);
      say("key-state", "has_key", key.get() != null);
    } catch (ReflectiveOperationException e) {
      say("error", "exception", e.getClass().getSimpleName());
    }
  }

  private String scrape() {
    long n = scrapes.incrementAndGet();
    String text = registry.scrape();
    say("scraped", "n", n);
    return text;
  }

  private static ClientTransport dialer(Options options) {
    if (!options.text("tls-authority").isEmpty()) {
      return TlsDialer.create(options);
    }
    String host = options.text("host");
    int port = options.number("port");
    return switch (options.text("transport")) {
      case "tcp" -> TcpClientTransport.create(host, port);
      case "websocket" -> WebsocketClientTransport.create(host, port);
      default -> throw new IllegalArgumentException("--transport is tcp or websocket");
    };
  }

  /** The same transport, telling each dial, each connection and each end of one. */
  private ClientTransport observed(ClientTransport inner) {
    return new ClientTransport() {
      @Override
      public Mono<DuplexConnection> connect() {
        return inner.connect()
            .doOnSubscribe(subscription -> say("dialing"))
            .doOnError(error -> say("dial-failed", "exception", error.getClass().getSimpleName()))
            .doOnNext(connection -> {
              say("connected");
              connection.onClose().doFinally(signal -> say("disconnected")).subscribe(
                  ignored -> {}, error -> {});
            });
      }

      @Override
      public int maxFrameLength() {
        return inner.maxFrameLength();
      }
    };
  }

  private void say(String event, Object... keysAndValues) {
    Object[] all = new Object[keysAndValues.length + 2];
    all[0] = "client";
    all[1] = number;
    System.arraycopy(keysAndValues, 0, all, 2, keysAndValues.length);
    Events.say(event, all);
  }
}
