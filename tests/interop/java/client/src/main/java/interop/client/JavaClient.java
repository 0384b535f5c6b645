// The Java peer of the interop suite: N Micrometer clients in one process, told what to do over
// standard input, telling what happens on standard output, one line an event:
//
//   event=connected client=0
//
// Options (--name=value): host, port, transport (tcp|websocket), clients, series, name (the label
// app of every series), first-backoff-ms, clock (1: a counter that tells when it was asked); and the PEM files tls-authority (without it: no TLS),
// tls-certificate and tls-key (without them: no certificate of its own), token (a bearer token
// in the WebSocket's upgrade request).
// Commands: push, push-blocking, close, text, plaintext-info, each with an optional client number
// (without one: all clients), and quit. The end of standard input ends the program at once, without
// a push and without a goodbye.
// Events: started, dialing, dial-failed, connected, disconnected, key, scraped (n= how often this
// client has written its text), push-answered, push-failed, pushed, closed, text (base64=),
// key-state (has_key=; a client that was asked for plaintext has none), error.
package interop.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

public final class JavaClient {
  private JavaClient() {}

  public static void main(String[] args) throws IOException {
    Map<String, String> defaults = new HashMap<>(Map.of(
        "host", "127.0.0.1", "transport", "tcp", "clients", "1", "series", "1",
        "name", "java", "first-backoff-ms", "10000", "clock", "0"));
    defaults.putAll(Map.of(
        "tls-authority", "", "tls-certificate", "", "tls-key", "", "token", ""));
    Options options = Options.parse(args, defaults);
    listenToTheClientsLog();
    List<Peer> peers = new ArrayList<>();
    int clients = options.number("clients");
    for (int number = 0; number < clients; number++) {
      peers.add(new Peer(number, options));
    }
    peers.forEach(Peer::start);
    obey(peers);
    Runtime.getRuntime().halt(0);
  }

  private static void obey(List<Peer> peers) throws IOException {
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      String[] words = line.trim().split(" +");
      if (words[0].equals("quit")) {
        return;
      }
      List<Peer> addressed =
          words.length > 1 ? List.of(peers.get(Integer.parseInt(words[1]))) : peers;
      addressed.forEach(peer -> obey(peer, words[0]));
    }
  }

  private static void obey(Peer peer, String command) {
    switch (command) {
      case "push" -> peer.push();
      case "push-blocking" -> peer.pushBlocking();
      case "close" -> peer.close();
      case "text" -> peer.tellText();
      case "plaintext-info" -> peer.tellKeyState();
      default -> Events.say("error", "unknown_command", command);
    }
  }

  /** The client's API does not say whether a push was answered; its log does. */
  private static void listenToTheClientsLog() {
    LogManager.getLogManager().reset();
    Logger.getLogger("").setLevel(Level.INFO);
    Logger.getLogger("").addHandler(new Handler() {
      @Override
      public void publish(LogRecord record) {
        String message = String.valueOf(record.getMessage());
        if (message.endsWith("was successful!")) {
          Events.say("push-answered");
        } else if (message.startsWith("Pushing") || message.startsWith("Sending the payload")) {
          Events.say("push-failed");
        }
        if (record.getLevel().intValue() >= Level.WARNING.intValue()) {
          System.err.println(record.getLevel() + " " + message + " " + record.getThrown());
        }
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    });
  }
}
