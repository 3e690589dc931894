#include "reconciler/machine.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "specs/lines.hpp"
#include "specs/yaml.hpp"

namespace homeostat {
namespace {

constexpr const char* variable = "HOMEOSTAT_MACHINE_FILE";
constexpr std::size_t max_bytes = 1U << 20U;

std::string environment(const char* name) {
  // Nothing here ever changes the environment. NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<std::string> hash_word(std::string_view text) {
  constexpr std::string_view prefix = "sha256:";
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const bool good = text.starts_with(prefix) && text.size() == prefix.size() + 64 &&
                    std::all_of(text.begin() + prefix.size(), text.end(), is_hex);
  if (good) return std::string(text);
  return fail(ErrorKind::invalid_spec, "is no hash of a connection",
              "write sha256: and 64 hex digits, as `homeostat trust` shows them");
}

const std::vector<FieldSchema>& fields() {
  static const std::vector<FieldSchema> table = {
      {.name = "pin",
       .type = Type::map,
       .fields = {{.name = "hash", .type = Type::text, .check = hash_word}}},
      {.name = "forbid",
       .type = Type::object,
       .fields = {{.name = "secrets",
                   .type = Type::list,
                   .set = true,
                   .fields = {{.name = "source",
                               .type = Type::choice,
                               .choices = {"file", "env", "command"}}}},
                  {.name = "providers",
                   .type = Type::list,
                   .set = true,
                   .fields = {{.name = "type", .type = Type::text}}},
                  {.name = "notifiers",
                   .type = Type::list,
                   .set = true,
                   .fields = {{.name = "type", .type = Type::text}}}}}};
  return table;
}

bool names_connection(const std::string& key) {
  const auto colon = key.find(':');
  if (colon == 0 || colon == std::string::npos) return false;
  const std::string_view name = std::string_view(key).substr(colon + 1);
  for (const std::string_view kind : {"provider/", "secret/", "notifier/"}) {
    if (name.starts_with(kind) && name.size() > kind.size()) return true;
  }
  return false;
}

void check_pins(const yaml::Node& root, const std::string& path, Errors& errors) {
  const yaml::Node* pins = root.find("pin");
  if (pins == nullptr || pins->kind != yaml::NodeKind::mapping) return;
  for (std::size_t i = 0; i + 1 < pins->items.size(); i += 2) {
    const yaml::Node& key = pins->items[i];
    if (names_connection(key.text)) continue;
    errors.push_back({ErrorKind::invalid_spec,
                      fmt::format("`{}` names no connection", key.text),
                      "write \"SITE:provider/NAME\", \"SITE:secret/NAME\" or "
                      "\"SITE:notifier/NAME\", in quotes",
                      source_ref(key.at, {path}),
                      {}});
  }
}

MachineRules rules_of(const Attributes& value) {
  MachineRules rules;
  if (const auto pins = value.find("pin"); pins != value.end() && pins->is_object()) {
    rules.pins = pins->get<std::map<std::string, std::string>>();
  }
  const auto forbid = value.find("forbid");
  if (forbid == value.end() || !forbid->is_object()) return rules;
  const auto take = [&forbid](const char* key, std::set<std::string>& words) {
    if (forbid->contains(key)) words = forbid->at(key).get<std::set<std::string>>();
  };
  take("secrets", rules.forbidden_secrets);
  take("providers", rules.forbidden_providers);
  take("notifiers", rules.forbidden_notifiers);
  return rules;
}

// Nullopt where there is no such file.
Result<std::optional<std::string>> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const auto refused = [&path](const std::string& why, const std::string& hint = {}) {
    return fail(ErrorKind::auth, fmt::format("the machine file {} {}", path, why), hint);
  };
  if (file < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::optional<std::string>();
  if (file < 0) return refused("cannot be read: " + std::generic_category().message(errno));
  struct stat status = {};
  std::string text(max_bytes + 1, '\0');
  const bool known = ::fstat(file, &status) == 0;
  const bool regular = known && S_ISREG(status.st_mode);
  const ssize_t got = regular ? ::pread(file, text.data(), text.size(), 0) : -1;
  ::close(file);
  if (!regular) return refused("is not a file");
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return refused("belongs to somebody else",
                   "it must belong to the user who runs this, or to root");
  }
  if ((status.st_mode & 022U) != 0) {
    return refused("may be written by others", "chmod go-w " + path);
  }
  if (got < 0 || static_cast<std::size_t>(got) > max_bytes) return refused("cannot be read whole");
  text.resize(static_cast<std::size_t>(got));
  return std::optional<std::string>(std::move(text));
}

tl::expected<MachineRules, Errors> rules_in(tl::expected<MachineFile, Errors> file) {
  if (!file) return tl::unexpected(std::move(file).error());
  return std::move(file->rules);
}

}  // namespace

const std::string* MachineRules::pin_of(const std::string& site,
                                        const std::string& connection) const {
  const auto found = pins.find(site + ":" + connection);
  return found == pins.end() ? nullptr : &found->second;
}

std::string MachineRules::forbids(const Connection& connection) const {
  if (!connection.text.is_object()) return {};
  const auto type = connection.text.value("type", nlohmann::json());
  if (type.is_string()) {
    const auto name = type.get<std::string>();
    const bool notifier = connection.name.starts_with(notifier_connection(""));
    const auto& forbidden = notifier ? forbidden_notifiers : forbidden_providers;
    return forbidden.contains(name) ? name + (notifier ? " notifiers" : " providers") : "";
  }
  for (const std::string& source : forbidden_secrets) {
    if (connection.text.contains(source)) return source + " secrets";
  }
  return {};
}

std::string find_machine_file() {
  if (auto given = environment(variable); !given.empty()) return given;
  if (::geteuid() == 0) return "/etc/homeostat/machine.yaml";
  // The XDG specification wants relative paths to be ignored.
  if (auto xdg = environment("XDG_CONFIG_HOME"); xdg.starts_with('/')) {
    return xdg + "/homeostat/machine.yaml";
  }
  const std::string home = environment("HOME");
  return home.empty() ? "" : home + "/.config/homeostat/machine.yaml";
}

tl::expected<MachineFile, Errors> read_machine_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return tl::unexpected(Errors{text.error()});
  if (!*text) return MachineFile();
  Errors errors;
  const std::vector<yaml::Node> documents = yaml::parse(**text, 0, path, errors);
  const std::vector<std::string> files = {path};
  MachineFile file;
  if (documents.size() > 1) {
    errors.push_back({ErrorKind::invalid_spec,
                      "a machine file is one document",
                      "remove the `---`",
                      source_ref(documents[1].at, files),
                      {}});
  } else if (!documents.empty() && documents.front().kind != yaml::NodeKind::null) {
    const yaml::Node& root = documents.front();
    constexpr std::array<std::string_view, 1> apart = {"service"};
    ReadSink sink{errors, files};
    const Attributes value = read_object(
        {.fields = fields(), .skip = apart, .what = "machine file"}, root, "", "", sink);
    check_pins(root, path, errors);
    if (const yaml::Node* service = root.find("service")) {
      file.service = read_service(*service, sink);
    }
    if (errors.empty()) file.rules = rules_of(value);
  }
  if (errors.empty()) {
    file.rules.path = path;
    return file;
  }
  const Lines lines(**text);
  for (Error& error : errors) {
    if (error.where.line > 0 && error.excerpt.empty()) {
      error.excerpt = lines.excerpt(error.where.line);
    }
  }
  sort_errors(errors);
  return tl::unexpected(std::move(errors));
}

tl::expected<MachineFile, Errors> read_machine_file() {
  const std::string path = find_machine_file();
  if (path.empty()) return MachineFile();
  auto file = read_machine_file(path);
  if (file && file->rules.path.empty() && !environment(variable).empty()) {
    return tl::unexpected(Errors{
        fail(ErrorKind::not_found, fmt::format("{} names {}, which is not there", variable, path))
            .value()});
  }
  return file;
}

tl::expected<MachineRules, Errors> load_machine_file(const std::string& path) {
  return rules_in(read_machine_file(path));
}

tl::expected<MachineRules, Errors> load_machine_file() { return rules_in(read_machine_file()); }

}  // namespace homeostat
