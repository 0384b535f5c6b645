// One event, one line of standard output, written and flushed as a whole.
package interop.client;

final class Events {
  private Events() {}

  /** Says {@code event=NAME key=value …}; the values must contain no blank. */
  static synchronized void say(String name, Object... keysAndValues) {
    StringBuilder line = new StringBuilder("event=").append(name);
    for (int i = 0; i < keysAndValues.length; i += 2) {
      line.append(' ').append(keysAndValues[i]).append('=').append(keysAndValues[i + 1]);
    }
    System.out.println(line);
    System.out.flush();
  }
}
