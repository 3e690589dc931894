#include "reconciler/ledger_db.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstdlib>

#include "providers/core/failpoint.hpp"
namespace homeostat {
namespace {

constexpr int busy_timeout_ms = 5000;

// SQLite takes options in a URI only.
std::string frozen_uri(std::string_view path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

Error explain(int code, const std::string& path, const char* words) {
  const auto say = [](ErrorKind kind, std::string message, std::string hint) {
    return Error{kind, std::move(message), std::move(hint), {}, {}};
  };
  switch (code & 0xff) {
    case SQLITE_FULL:
      return say(ErrorKind::internal, fmt::format("no space is left for the ledger {}", path),
                 "free some space on that disk and run again; what was recorded before is safe");
    case SQLITE_READONLY:
      return say(
          ErrorKind::internal, fmt::format("the ledger {} cannot be written", path),
          "its file, folder or disk is read-only for this user: check owner, mode and mount");
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return say(ErrorKind::internal, fmt::format("the ledger {} cannot be opened", path),
                 "check that this user may read and write the file and its folder");
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return say(ErrorKind::internal, fmt::format("the ledger {} is damaged: {}", path, words),
                 damaged_hint(path));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return say(ErrorKind::transient,
                 fmt::format("the ledger {} is being written by another process", path),
                 "wait until it has ended, and run again");
    case SQLITE_IOERR:
      return say(ErrorKind::internal,
                 fmt::format("the disk failed at the ledger {}: {}", path, words),
                 "look into the system's log, and whether the disk is full or damaged");
    default:
      return say(ErrorKind::internal, fmt::format("the ledger {} failed: {}", path, words), {});
  }
}

// A statement in use; whatever happens, it is given back fit for the next use.
struct Reset {
  sqlite3_stmt* statement;
  explicit Reset(sqlite3_stmt* used) : statement(used) {}
  Reset(const Reset&) = delete;
  Reset& operator=(const Reset&) = delete;
  ~Reset() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

int bind(sqlite3_stmt* statement, int index, const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, index, *number);
  }
  // A null pointer would bind NULL, which no column of ours allows. The text outlives the step.
  const auto text = std::get<std::string_view>(value);
  return sqlite3_bind_text64(statement, index, text.empty() ? "" : text.data(), text.size(),
                             SQLITE_STATIC, SQLITE_UTF8);
}

}  // namespace

std::string damaged_hint(const std::string& path) {
  return fmt::format(
      "restore it from a backup (with {0}-wal and {0}-shm moved away), or let `homeostat apply` "
      "set "
      "it aside: what is ours is found by its markers then, history is lost",
      path);
}

std::int64_t SqlRow::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view SqlRow::text(int column) const {
  const auto* data = sqlite3_column_text(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)};
}

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
void Database::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Result<Database> Database::open(const std::string& path, Access access) {
  const int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  std::string name = path;
  int flags = common;
  switch (access) {
    case Access::write:
      flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
      break;
    case Access::read:
      flags |= SQLITE_OPEN_READONLY;
      break;
    case Access::frozen:
      name = frozen_uri(path);
      flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
      break;
    case Access::memory:
      name = ":memory:";
      flags |= SQLITE_OPEN_READWRITE;
      break;
  }
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  Database database(path, handle);
  if (code != SQLITE_OK) return tl::unexpected(database.error(code));
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  if (access == Access::write) {
    // FULL: each commit is on the disk before we go on. NORMAL would be as safe against a damaged
    // file, but after a power cut it may lose the record of a write that has already happened.
    TRY(database.script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"));
  }
  TRY(database.script("PRAGMA foreign_keys = ON;"));
  return database;
}

Error Database::error(int code) const {
  // Most of what SQLite does besides writing says "I/O error" for all of these.
  const int cause = handle_ ? sqlite3_system_errno(handle_.get()) : 0;
  const bool vague = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  if (vague && (cause == ENOSPC || cause == EDQUOT)) code = SQLITE_FULL;
  if (vague && cause == EROFS) code = SQLITE_READONLY;
  return explain(code, path_, handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code));
}

Result<sqlite3_stmt*> Database::prepare(const char* sql) {
  auto& kept = statements_[sql];
  if (!kept) {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return tl::unexpected(error(code));
    kept.reset(statement);
  }
  return kept.get();
}

Status Database::each(const char* sql, std::initializer_list<SqlValue> values,
                      const std::function<Status(const SqlRow&)>& row) {
  TRY_ASSIGN(sqlite3_stmt * statement, prepare(sql));
  const Reset reset(statement);
  int index = 0;
  for (const SqlValue& value : values) {
    const int code = bind(statement, ++index, value);
    if (code != SQLITE_OK) return tl::unexpected(error(code));
  }
  while (true) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return tl::unexpected(error(code));
    TRY(row(SqlRow(statement)));
  }
}

Status Database::run(const char* sql, std::initializer_list<SqlValue> values) {
  return each(sql, values, [](const SqlRow&) { return Status(); });
}

Result<std::int64_t> Database::integer(const char* sql) {
  std::int64_t number = 0;
  TRY(each(sql, {}, [&number](const SqlRow& row) {
    number = row.integer(0);
    return Status();
  }));
  return number;
}

Status Database::script(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error(code));
  return {};
}

Status Database::transaction(Begin begin, const std::function<Status()>& work) {
  TRY(run(begin == Begin::writing ? "BEGIN IMMEDIATE" : "BEGIN"));
  Status done = work();
  if (begin == Begin::writing) failpoint("ledger.before_commit");
  if (done) done = run("COMMIT");
  if (begin == Begin::writing) failpoint("ledger.after_commit");
  // A full disk has rolled back already; the first error is the one that tells.
  if (!done) static_cast<void>(run("ROLLBACK"));
  return done;
}

Status Database::sync(Sync sync) {
  if (sync == sync_) return {};
  TRY(script(sync == Sync::at_once ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
  sync_ = sync;
  return {};
}

Status Database::check() {
  std::string found;
  TRY(each("PRAGMA integrity_check(1)", {}, [&found](const SqlRow& row) {
    found = row.text(0);
    return Status();
  }));
  if (found == "ok") return {};
  // A page that could not be read just now is not damaged.
  static constexpr std::string_view unread = "error code=";
  if (const auto at = found.find(unread); at != std::string::npos) {
    const int code = std::atoi(found.c_str() + at + unread.size());
    if ((code & 0xff) == SQLITE_IOERR) return tl::unexpected(explain(code, path_, found.c_str()));
  }
  // SQLite's own words may be several lines.
  found = found.substr(found.rfind('\n') + 1);
  return fail(ErrorKind::internal, fmt::format("the ledger {} is damaged: {}", path_, found),
              damaged_hint(path_));
}

Status Database::copy_to(Database& target) {
  sqlite3_backup* backup = sqlite3_backup_init(target.handle_.get(), "main", handle_.get(), "main");
  if (backup == nullptr) return tl::unexpected(target.error(SQLITE_ERROR));
  sqlite3_backup_step(backup, -1);
  const int code = sqlite3_backup_finish(backup);
  if (code != SQLITE_OK) return tl::unexpected(target.error(code));
  return {};
}

std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(handle_.get()); }

}  // namespace homeostat
