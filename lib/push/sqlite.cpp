#include "push/sqlite.h"

#include <sqlite3.h>

#include <utility>

#include "base/check.h"

namespace prometheus_rsocket::push::sqlite {

namespace {

// For one that is about to end, or only looks.
constexpr int kBusyMilliseconds = 1000;

constexpr int kPrimary = 0xFF;  // of an extended result code

}  // namespace

// Our statements and what they are given are always the same: what SQLite says against them is said
// of the file. A header that rotted may call it read-only, or of a later version of SQLite. What
// cannot be read does not get better.
bool Error::is_corrupt() const {
  if (code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ ||
      code == SQLITE_IOERR_CORRUPTFS) {
    return true;
  }
  switch (code & kPrimary) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA:
      return true;
    default:
      return false;
  }
}
bool Error::is_full() const { return (code & kPrimary) == SQLITE_FULL; }
bool Error::is_in_use() const {
  return (code & kPrimary) == SQLITE_BUSY || (code & kPrimary) == SQLITE_LOCKED;
}

Error corrupt(std::string message) { return {SQLITE_CORRUPT, std::move(message)}; }

// ---- Statement

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Error Statement::error(int code) const {
  return {code, sqlite3_errmsg(sqlite3_db_handle(statement_.get()))};
}

Failed Statement::run(std::initializer_list<Value> values) {
  sqlite3_stmt* const statement = statement_.get();
  int position = 0;
  int code = SQLITE_OK;
  for (const Value& value : values) {
    ++position;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      code = sqlite3_bind_int64(statement, position, *integer);
    } else {
      const auto bytes = std::get<std::string_view>(value);
      // Null data is SQL's NULL, whatever its size.
      code = sqlite3_bind_blob64(statement, position, bytes.empty() ? "" : bytes.data(),
                                 bytes.size(), SQLITE_STATIC);
    }
    if (code != SQLITE_OK) break;
  }
  Failed failed;
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  if (code != SQLITE_DONE) failed = error(code);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return failed;
}

Failed Statement::step(bool& has_row) {
  const int code = sqlite3_step(statement_.get());
  has_row = code == SQLITE_ROW;
  if (code == SQLITE_ROW || code == SQLITE_DONE) return std::nullopt;
  return error(code);
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::bytes(int column) const {
  const void* const data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

// ---- Connection

void Connection::Close::operator()(sqlite3* connection) const {
  const int code = sqlite3_close(connection);
  CHECK(code == SQLITE_OK, "its statements go before a connection");
}

Error Connection::error(int code) const {
  return {code, connection_ ? sqlite3_errmsg(connection_.get()) : sqlite3_errstr(code)};
}

Failed Connection::open(const std::string& path, const char* vfs) {
  sqlite3* connection = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs);
  connection_.reset(connection);
  if (code == SQLITE_OK) {
    sqlite3_busy_timeout(connection, kBusyMilliseconds);
    sqlite3_extended_result_codes(connection, 1);
    return std::nullopt;
  }
  Failed failed = error(sqlite3_extended_errcode(connection));
  connection_.reset();
  return failed;
}

Failed Connection::execute(const char* sql) {
  const int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return std::nullopt;
  return error(code);
}

Failed Connection::prepare(const char* sql, Statement& statement) {
  sqlite3_stmt* prepared = nullptr;
  const int code =
      sqlite3_prepare_v3(connection_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  if (code != SQLITE_OK) return error(code);
  statement.statement_.reset(prepared);
  return std::nullopt;
}

Failed Connection::for_each_row(const char* sql,
                                const std::function<bool(const Statement& row)>& take) {
  Statement rows;
  if (auto failed = prepare(sql, rows)) return failed;
  for (bool goes_on = true; goes_on;) {
    bool has_row = false;
    if (auto failed = rows.step(has_row)) return failed;
    goes_on = has_row && take(rows);
  }
  return std::nullopt;
}

Failed Connection::first_row(const char* sql, Statement& statement) {
  if (auto failed = prepare(sql, statement)) return failed;
  bool has_row = false;
  if (auto failed = statement.step(has_row)) return failed;
  CHECK(has_row, "such a query has a row");
  return std::nullopt;
}

Failed Connection::query(const char* sql, std::int64_t& integer) {
  Statement statement;
  if (auto failed = first_row(sql, statement)) return failed;
  integer = statement.integer(0);
  return std::nullopt;
}

Failed Connection::query(const char* sql, std::string& text) {
  Statement statement;
  if (auto failed = first_row(sql, statement)) return failed;
  text = statement.bytes(0);
  return std::nullopt;
}

}  // namespace prometheus_rsocket::push::sqlite
