// The series of one client: values and label values that are easily spoiled on the way.
package interop.client;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.time.Duration;

final class Series {
  private static final double[] VALUES = {
      0, -1, 0.1, 1e-9, 12345678.9, 123456789012345678.0, Double.MAX_VALUE, Double.MIN_VALUE,
      Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};

  private static final String[] TEXTS = {
      "plain", "a \"quote\"", "back\\slash", "two\nlines", "gr\u00fc\u00dfe \u2603", "{brace},=",
      "interop-secret"};

  private Series() {}

  static PrometheusMeterRegistry registry(String app, int client, int series) {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    registry.config().commonTags("app", app, "client", Integer.toString(client));
    for (int i = 0; i < series; i++) {
      double value = VALUES[i % VALUES.length];
      Gauge.builder("interop.value", () -> value)
          .description("A value that must arrive as it was sent")
          .tag("series", Integer.toString(i))
          .tag("text", TEXTS[i % TEXTS.length])
          .register(registry);
    }
    Counter.builder("interop.events").register(registry).increment(client + 0.5);
    DistributionSummary sizes = DistributionSummary.builder("interop.size")
        .serviceLevelObjectives(1, 10, 100)
        .distributionStatisticExpiry(Duration.ofHours(1))
        .register(registry);
    sizes.record(0.5);
    sizes.record(50 + client);
    return registry;
  }
}
