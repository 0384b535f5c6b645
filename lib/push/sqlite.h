// As much of SQLite as lib/push takes: a connection and its statements as values, errors as values.
// Internal to lib/push.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

struct sqlite3;
struct sqlite3_stmt;

namespace prometheus_rsocket::push::sqlite {

struct Error {
  int code = 0;  // SQLite's extended result code
  std::string message;

  [[nodiscard]] bool is_corrupt() const;  // the file is damaged, or no database
  [[nodiscard]] bool is_full() const;     // the disk is
  [[nodiscard]] bool is_in_use() const;   // by another process
};
using Failed = std::optional<Error>;  // nothing: it went well
[[nodiscard]] Error corrupt(std::string message);

// Bound by position, from 1 on. Text and blobs are borrowed until the statement has run.
using Value = std::variant<std::int64_t, std::string_view>;

class Statement {
 public:
  Statement() = default;

  // Runs one that gives no rows.
  [[nodiscard]] Failed run(std::initializer_list<Value> values);

  // Of the row it is at.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view bytes(int column) const;  // while it is there

 private:
  friend class Connection;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  [[nodiscard]] Error error(int code) const;
  // Row by row: `true` while there is one.
  [[nodiscard]] Failed step(bool& has_row);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Connection {
 public:
  Connection() = default;  // REQUIRES of all that follow: open() went well

  // An existing file, to read and write. `vfs`: null for the system's.
  [[nodiscard]] Failed open(const std::string& path, const char* vfs);
  [[nodiscard]] bool is_open() const { return connection_ != nullptr; }
  // REQUIRES: no Statement of it is left.
  void close() { connection_.reset(); }

  [[nodiscard]] Failed execute(const char* sql);  // one statement or several; rows are dropped
  [[nodiscard]] Failed prepare(const char* sql, Statement& statement);
  // Calls `take` for each row, while it returns true.
  [[nodiscard]] Failed for_each_row(const char* sql,
                                    const std::function<bool(const Statement& row)>& take);
  // The first column of the only row.
  [[nodiscard]] Failed query(const char* sql, std::int64_t& integer);
  [[nodiscard]] Failed query(const char* sql, std::string& text);

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  [[nodiscard]] Error error(int code) const;
  [[nodiscard]] Failed first_row(const char* sql, Statement& statement);

  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace prometheus_rsocket::push::sqlite
