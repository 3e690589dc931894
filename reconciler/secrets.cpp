#include "reconciler/secrets.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "reconciler/run_command.hpp"

namespace homeostat {
namespace {

tl::unexpected<Error> unavailable(std::string message, std::string hint = {}) {
  return fail(ErrorKind::auth, std::move(message), std::move(hint));
}

std::string reason(int code) { return std::generic_category().message(code); }

struct Descriptor {
  int fd = -1;
  explicit Descriptor(int opened) : fd(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() { close(); }
  void close() {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};

std::string without_newline(std::string value) {
  if (value.ends_with('\n')) value.pop_back();
  return value;
}

Result<std::string> read_file(const std::string& path, const std::string& shown,
                              const SecretLimits& limits) {
  // Non-blocking: a pipe in its place must not hold us up. No link: whoever could change where it
  // leads would choose which of the user's private files is sent out as this secret.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (file.fd < 0 && errno == ELOOP) {
    return unavailable(fmt::format("{}: is a symbolic link", shown), "name the file itself");
  }
  if (file.fd < 0) return unavailable(fmt::format("{}: {}", shown, reason(errno)));
  struct stat status = {};
  if (::fstat(file.fd, &status) != 0) {
    return unavailable(fmt::format("{}: {}", shown, reason(errno)));
  }
  if (!S_ISREG(status.st_mode)) return unavailable(fmt::format("{}: is not a file", shown));
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return unavailable(fmt::format("{}: belongs to somebody else", shown),
                       "it must belong to the user who runs this, or to root");
  }
  const unsigned mode = status.st_mode & 07777U;
  if (mode != 0600U && mode != 0400U) {
    return unavailable(fmt::format("{}: others may read or write it (mode {:04o})", shown, mode),
                       fmt::format("chmod 600 {}", shown));
  }
  std::string value(limits.bytes + 1, '\0');
  std::size_t length = 0;
  while (length < value.size()) {
    const ssize_t got = ::read(file.fd, value.data() + length, value.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unavailable(fmt::format("{}: {}", shown, reason(errno)));
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  if (length > limits.bytes) return unavailable(fmt::format("{}: is too large", shown));
  value.resize(length);
  return without_newline(std::move(value));
}

Result<std::string> read_variable(const std::string& name) {
  // Nothing here ever changes the environment. NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return unavailable(fmt::format("the variable {} is not set", name));
  return std::string(value);
}

Result<std::string> say(const std::vector<std::string>& words, const std::string& folder,
                        const SecretLimits& limits, const std::stop_token& stop) {
  const Command command{
      .words = words, .folder = folder, .time_limit = limits.time, .output_limit = limits.bytes};
  Result<CommandResult> result = run_command(command, stop);
  if (!result) return unavailable(result.error().message);
  if (result->end == CommandEnd::exited && result->code == 0) {
    return without_newline(std::move(result->output));
  }
  if (result->end == CommandEnd::stopped) {
    return fail(ErrorKind::cancelled, "stopped before it was read");
  }
  const bool by_itself = result->end == CommandEnd::exited || result->end == CommandEnd::signalled;
  return unavailable(fmt::format("{} {}{}", words.front(), by_itself ? "failed: " : "",
                                 to_string(*result, command)),
                     by_itself ? "run it by hand to see what it says" : "");
}

Result<std::string> value_of(const SecretSource& source, const std::string& folder,
                             const SecretLimits& limits, const std::stop_token& stop) {
  if (stop.stop_requested()) return fail(ErrorKind::cancelled, "stopped before it was read");
  if (source.words.empty()) return unavailable("nothing says where its value is");
  switch (source.kind) {
    case SecretSource::Kind::file:
      return read_file(std::filesystem::path(folder) / source.words.front(), source.words.front(),
                       limits);
    case SecretSource::Kind::env:
      return read_variable(source.words.front());
    case SecretSource::Kind::command:
      break;
  }
  return say(source.words, folder, limits, stop);
}

// Of a revision, the spec's folder need not lie on the disk.
std::string working_folder(const Spec& spec) {
  std::error_code ignored;
  for (const std::string& folder : {spec.folder, spec.revision.repo}) {
    if (!folder.empty() && std::filesystem::is_directory(folder, ignored)) return folder;
  }
  return "/";
}

Status check_program(const Spec& spec, const SecretSource& source, const std::string& folder) {
  if (source.kind != SecretSource::Kind::command || source.words.empty()) return {};
  const std::string& program = source.words.front();
  const bool relative = program.find('/') != std::string::npos && !program.starts_with('/');
  if (!relative || folder == spec.folder) return {};
  return unavailable(
      fmt::format("{} leads nowhere: the folder {} is not on the disk", program, spec.folder),
      "give the whole path of the program, or its bare name");
}

std::chrono::sys_days day_of(const std::string& date) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (std::sscanf(date.c_str(), "%d-%u-%u", &year, &month, &day) != 3) return {};
  return std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
}

std::string days_text(std::int64_t days) {
  return days == 1 ? std::string("1 day") : fmt::format("{} days", days);
}

}  // namespace

std::optional<std::int64_t> days_left(const SecretSource& source, Time now) {
  if (source.expires.empty()) return std::nullopt;
  return (day_of(source.expires) - std::chrono::floor<std::chrono::days>(now)).count();
}

Errors expiry_warnings(const Spec& spec, Time now) {
  constexpr std::int64_t warned_before = 30;
  Errors warnings;
  for (const auto& [name, source] : spec.secrets) {
    const std::int64_t left = days_left(source, now).value_or(warned_before + 1);
    if (left > warned_before) continue;
    std::string text =
        fmt::format("secret {} expires on {}, in {}", name, source.expires, days_text(left));
    if (left == 0) text = fmt::format("secret {} expires today", name);
    if (left < 0) {
      text = fmt::format("secret {} HAS EXPIRED: {} ago, on {}", name, days_text(-left),
                         source.expires);
    }
    warnings.push_back({ErrorKind::auth,
                        std::move(text),
                        "renew it, and write its new `expires`",
                        source_ref(source.where, spec.files),
                        {}});
  }
  return warnings;
}

SecretValues load_secrets(const Spec& spec, const std::set<std::string>& names,
                          const std::stop_token& stop, const SecretLimits& limits) {
  SecretValues values;
  for (const std::string& name : names) {
    const auto source = spec.secrets.find(name);
    if (source == spec.secrets.end()) {
      values.emplace(name,
                     fail(ErrorKind::invalid_spec, fmt::format("secret {} is not declared", name),
                          "add it to `secrets:`"));
      continue;
    }
    const bool command = source->second.kind == SecretSource::Kind::command;
    const std::string folder = command ? working_folder(spec) : spec.folder;
    Result<std::string> value = std::string();
    if (const Status program = check_program(spec, source->second, folder); !program) {
      value = tl::unexpected(program.error());
    } else {
      value = value_of(source->second, folder, limits, stop);
    }
    if (value && value->empty()) value = unavailable("its value is empty");
    if (!value) {
      value.error().message = fmt::format("secret {}: {}", name, value.error().message);
      value.error().where = source_ref(source->second.where, spec.files);
    }
    values.emplace(name, std::move(value));
  }
  return values;
}

}  // namespace homeostat
