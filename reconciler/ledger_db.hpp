// SQLite with errors as values, for ledger*.cpp alone. Nothing here knows what the ledger holds.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "specs/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace homeostat {

// The current row of a query. Columns count from 0; a text lives until the next row.
class SqlRow {
 public:
  explicit SqlRow(sqlite3_stmt* statement) : statement_(statement) {}
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;

 private:
  sqlite3_stmt* statement_;
};

using SqlValue = std::variant<std::int64_t, std::string_view>;

// One connection. Errors say in plain words what is wrong with the file and what to do.
class Database {
 public:
  enum class Access : std::uint8_t {
    write,   // made where it is absent
    read,    // never written; may leave an empty -wal and -shm behind
    frozen,  // never written, no lock, no file beside it: the caller sees to it that nobody writes
    memory   // empty, gone with this object; the path is for messages only
  };
  [[nodiscard]] static Result<Database> open(const std::string& path, Access access);

  // `sql`: a literal, one statement; it is prepared once and kept.
  [[nodiscard]] Status run(const char* sql, std::initializer_list<SqlValue> values = {});
  [[nodiscard]] Status each(const char* sql, std::initializer_list<SqlValue> values,
                            const std::function<Status(const SqlRow&)>& row);
  [[nodiscard]] Result<std::int64_t> integer(const char* sql);  // first column of the first row
  [[nodiscard]] Status script(const char* sql);                 // many statements, not kept

  enum class Begin : std::uint8_t { reading, writing };
  // All or nothing. Reading: one consistent state, whoever writes meanwhile.
  [[nodiscard]] Status transaction(Begin begin, const std::function<Status()>& work);

  // Whether a transaction is on the disk when it has ended, or with the next one that has to be.
  enum class Sync : std::uint8_t { at_once, later };
  [[nodiscard]] Status sync(Sync sync);
  // Reads the whole file: an error where a page of it is damaged.
  [[nodiscard]] Status check();

  // Replaces all that is in `target` with what is here.
  [[nodiscard]] Status copy_to(Database& target);
  [[nodiscard]] std::int64_t last_id() const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  [[nodiscard]] Result<sqlite3_stmt*> prepare(const char* sql);
  [[nodiscard]] Error error(int code) const;

  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
  std::map<std::string_view, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
  Sync sync_ = Sync::at_once;
};

// What to do about a ledger that cannot be read any more.
[[nodiscard]] std::string damaged_hint(const std::string& path);

}  // namespace homeostat
