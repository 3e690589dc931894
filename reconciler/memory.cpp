#include "reconciler/memory.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "providers/core/failpoint.hpp"
#include "reconciler/redact.hpp"

namespace homeostat {
namespace {

constexpr const char* unconfirmed_note = "unconfirmed";
constexpr const char* key_note = "key";

bool writes(MemoryUse use) { return use == MemoryUse::record || use == MemoryUse::keep; }

Error notice(std::string message, std::string hint) {
  return Error{ErrorKind::internal, std::move(message), std::move(hint), {}, {}};
}

// "<path>.damaged-20261121-114203", or with a number behind it.
std::string name_aside(const std::string& path, Time now) {
  const std::string name = fmt::format("{}.damaged-{:%Y%m%d-%H%M%S}", path,
                                       fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
  std::string free = name;
  const auto is_taken = [&free] {
    return ::access(free.c_str(), F_OK) == 0 || ::access((free + "-wal").c_str(), F_OK) == 0;
  };
  for (int i = 2; is_taken(); ++i) free = fmt::format("{}-{}", name, i);
  return free;
}

Status move(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT) return {};
  return fail(ErrorKind::internal,
              fmt::format("cannot set {} aside: {}", from, std::strerror(errno)));
}

// Journals first: a new ledger must never find those of the old one.
Result<std::string> set_aside(const std::string& path, Time now) {
  const std::string aside = name_aside(path, now);
  for (const char* part : {"-wal", "-shm", ""}) {
    TRY(move(path + part, aside + part));
  }
  return aside;
}

bool is_database(const std::string& path) {
  static constexpr std::string_view head = "SQLite format 3";
  std::string start(head.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  return file && start == head;
}

bool is_cut_short(const std::string& key_path) {
  std::error_code code;
  const auto size = std::filesystem::file_size(key_path, code);
  return !code && size != key_bytes;
}

struct Opened {
  Ledger ledger;
  LedgerView view;
};
Result<Opened> open_ledger(const std::string& path, bool write) {
  TRY_ASSIGN(Ledger ledger, Ledger::open(path, write));
  TRY_ASSIGN(LedgerView view, ledger.view());
  return Opened{std::move(ledger), std::move(view)};
}

Result<Opened> open_or_rebuild(const Places& places, MemoryUse use, bool given, Time now,
                               Errors& notices) {
  const std::string& path = places.ledger;
  auto opened = open_ledger(path, writes(use));
  if (opened || !is_damage(opened.error(), path)) return opened;
  if (use == MemoryUse::record || use == MemoryUse::read) return opened;
  if (given && !is_database(path)) return opened;
  if (use == MemoryUse::look) {
    notices.push_back(opened.error());
    return open_ledger({}, false);
  }
  const std::string damage = opened.error().message;
  TRY_ASSIGN(const std::string aside, set_aside(path, now));
  failpoint("memory.after_aside");
  opened = open_ledger(path, true);
  if (!opened) return opened;
  failpoint("memory.before_note");
  TRY(distrust(opened->ledger, opened->view,
               fmt::format("{}; it was set aside as {}", damage, aside)));
  return opened;
}

// Secrets that were agreed on under another key can never be compared again.
void forget_hashes(LedgerView& view) {
  const auto hashes = [](const Agreed& agreed) { return is_hash(agreed.value); };
  for (auto& [address, row] : view.owned) std::erase_if(row.agreed, hashes);
  for (auto& [address, intent] : view.intents) std::erase_if(intent.row.agreed, hashes);
}

// The ledger knows a hash made with its key, so that another one is noticed.
Status check_key(const std::string& key_path, MemoryUse use, Memory& memory) {
  const std::string print = memory.hash("homeostat");
  TRY_ASSIGN(const std::string known, memory.ledger.note(key_note));
  if (known == print) return {};
  if (!known.empty()) {
    forget_hashes(memory.view);
    memory.notices.push_back(
        notice(fmt::format("the key {} is lost, or another one", key_path),
               "whether a secret has changed since is not known; all else goes on as before"));
  }
  return writes(use) ? memory.ledger.save_note(key_note, print) : Status();
}

}  // namespace

Result<Memory> recall(const Places& places, MemoryUse use, bool given, Time now) {
  Errors notices;
  TRY_ASSIGN(Opened opened, open_or_rebuild(places, use, given, now, notices));
  const bool damaged = !notices.empty();
  auto key = load_or_make_key(places.key, writes(use));
  if (!key && use == MemoryUse::keep && is_cut_short(places.key)) {
    TRY_ASSIGN(const std::string aside, set_aside(places.key, now));
    notices.push_back(notice(key.error().message + "; it was set aside as " + aside, {}));
    key = load_or_make_key(places.key, true);
  }
  if (!key) return tl::unexpected(key.error());
  Memory memory{std::move(opened.ledger), std::move(opened.view), make_secret_hash(*key),
                std::move(notices), damaged};
  TRY(check_key(places.key, use, memory));
  if (!memory.view.unconfirmed.empty()) {
    memory.notices.push_back(unconfirmed_notice(memory.view));
  }
  return memory;
}

Status distrust(Ledger& ledger, LedgerView& view, const std::string& why) {
  view.unconfirmed = why;
  return ledger.save_note(unconfirmed_note, why);
}

Error unconfirmed_notice(const LedgerView& view) {
  return notice(view.unconfirmed,
                "what is ours is found by its markers; nothing is deleted before `homeostat "
                "confirm-ownership`");
}

Status confirm_ownership(Ledger& ledger, LedgerView& view) {
  view.unconfirmed.clear();
  return ledger.save_note(unconfirmed_note, {});
}

}  // namespace homeostat
