// One client of the load: a registry of its own on Micrometer's client, as an application has it.
package interop.client;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import io.micrometer.prometheus.rsocket.PrometheusRSocketClient;
import io.rsocket.transport.netty.client.TcpClientTransport;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

final class LoadClient {
  private static final int FAMILY_SIZE = 10;

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final AtomicLong scrapes = new AtomicLong();
  private final AtomicBoolean hasHadKey = new AtomicBoolean();
  private PrometheusRSocketClient client;

  /**
   * Has {@code series} samples: how often it has been scraped, and gauges in families of ten, of
   * which every second one has another value at each scrape.
   */
  LoadClient(String name, int series) {
    registry.config().commonTags("client", name);
    Gauge.builder("load.scrapes", scrapes, AtomicLong::get).register(registry);
    for (int i = 0; i < series - 1; i++) {
      long seed = mixed(name.hashCode() * 1_000_003L + i);
      boolean changes = i % 2 == 0;
      Gauge.builder("load.pool." + (100 + i / FAMILY_SIZE), () -> value(seed, changes))
          .baseUnit("bytes")
          .description("The memory in use")
          .tag("id", Character.toString('a' + i % FAMILY_SIZE))
          .register(registry);
    }
  }

  /** Dials as the library does by default; {@code onFirstKey} runs once. */
  void connect(String host, int port, Runnable onFirstKey) {
    client = PrometheusRSocketClient
        .build(registry, this::scrape, TcpClientTransport.create(host, port))
        .doOnKeyReceived(() -> {
          if (hasHadKey.compareAndSet(false, true)) {
            onFirstKey.run();
          }
        })
        .connect();
  }

  void close() {
    client.close();
  }

  private String scrape() {
    scrapes.incrementAndGet();
    return registry.scrape();
  }

  /** A whole number of one to ten digits. */
  private double value(long seed, boolean changes) {
    long bits = changes ? mixed(seed + scrapes.get()) : seed;
    return bits >>> (31 + (bits & 31));
  }

  /** The finalizer of MurmurHash3: neighbours become strangers. */
  private static long mixed(long bits) {
    bits = (bits ^ (bits >>> 33)) * 0xff51afd7ed558ccdL;
    bits = (bits ^ (bits >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return bits ^ (bits >>> 33);
  }
}
