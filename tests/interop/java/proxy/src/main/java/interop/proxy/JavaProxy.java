// Starts the real Java proxy. It stands in a named package because Spring refuses to scan the
// unnamed one. Ports come as Spring properties on the command line: server.port,
// micrometer.prometheus-proxy.tcp-port and micrometer.prometheus-proxy.websocket-port.
package interop.proxy;

import io.micrometer.prometheus.rsocket.autoconfigure.EnablePrometheusRSocketProxyServer;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
@EnablePrometheusRSocketProxyServer
public class JavaProxy {
  public static void main(String[] args) {
    SpringApplication.run(JavaProxy.class, args);
  }
}
