// The Java load: N Micrometer clients with M series each in one process, which share the library's
// event loops and its pool of 500 connections at most. Told what to do over standard input:
//
//   connect   dial with all of them
//
// Events, one a line: ready (the series are there, and a few other clients have had a key and have
// gone, so that the code is loaded), taken (each of them has had a key).
// Options (--name=value): host, port, clients, series, name (the label client of the series is
// NAME-NUMBER). The end of standard input ends the program at once.
package interop.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

public final class JavaLoad {
  private static final int REHEARSING_CLIENTS = 5;

  private JavaLoad() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    Options options = Options.parse(args, Map.of("host", "127.0.0.1", "name", "load"));
    List<LoadClient> clients =
        clients(options.number("clients"), options, options.number("series"));
    List<LoadClient> rehearsing = clients(REHEARSING_CLIENTS, options, 0);
    connect(rehearsing, options);
    rehearsing.forEach(LoadClient::close);
    Events.say("ready");
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      if (!line.equals("connect")) {
        Events.say("error", "unknown_command", line);
        continue;
      }
      connect(clients, options);
      Events.say("taken");
    }
    Runtime.getRuntime().halt(0);
  }

  private static List<LoadClient> clients(int count, Options options, int series) {
    List<LoadClient> clients = new ArrayList<>();
    for (int number = 0; number < count; number++) {
      clients.add(new LoadClient(options.text("name") + "-" + number, series));
    }
    return clients;
  }

  private static void connect(List<LoadClient> clients, Options options)
      throws InterruptedException {
    CountDownLatch keys = new CountDownLatch(clients.size());
    for (LoadClient client : clients) {
      client.connect(options.text("host"), options.number("port"), keys::countDown);
    }
    keys.await();
  }
}
