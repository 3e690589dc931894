#include "reconciler/service_config.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/service_forms.hpp"
#include "specs/site.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

using Fields = std::vector<FieldSchema>;
using Skip = std::vector<std::string_view>;

void report(ReadSink& sink, const Origin& at, std::string message, std::string hint) {
  sink.errors.push_back({ErrorKind::invalid_spec,
                         std::move(message),
                         std::move(hint),
                         source_ref(at, sink.files),
                         {}});
}

// For what may be a secret: its line is not shown.
void report_hidden(ReadSink& sink, const Origin& at, std::string message, std::string hint) {
  report(sink, at, std::move(message), std::move(hint));
  sink.errors.back().excerpt = "(not shown)";
  sink.errors.back().where.column = 1;
}

FieldSchema file_field(const char* name, bool required = false) {
  return {.name = name, .required = required, .check = whole_path};
}

FieldSchema forge_field(const char* name) {
  return {.name = name,
          .type = Type::choice,
          .required = true,
          .choices = {"forgejo", "gitea", "github", "gitlab"}};
}

FieldSchema time_field(const char* name, std::int64_t max, const char* example) {
  return {.name = name, .type = Type::duration, .min = 1, .max = max, .example = example};
}

// The fields of a mapping, less those that are read by themselves. Nullopt: it is none.
std::optional<Attributes> read_fields(const Fields& fields, const Skip& skip, const char* what,
                                      const yaml::Node& node, ReadSink& sink) {
  if (node.kind != yaml::NodeKind::mapping) {
    report(sink, node.at, fmt::format("`{}` is a mapping", what),
           "write its fields as `field: value`, one a line");
    return std::nullopt;
  }
  return read_object({.fields = fields, .skip = skip, .what = what}, node, "", "", sink);
}

std::string text_in(const Attributes& value, const char* key) {
  const auto found = value.find(key);
  return found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void take_time(const Attributes& value, const char* key, std::chrono::seconds& time) {
  const Result<std::int64_t> seconds = parse_duration(text_in(value, key));
  if (seconds) time = std::chrono::seconds(*seconds);
}

constexpr const char* source_forms =
    "write { file: PATH }, { env: NAME } or { command: [PROGRAM, ...] }; never the value itself";

// Where the value of a secret comes from, as below `secrets:` of a spec.
SecretSource read_source(const yaml::Node& node, const std::string& name, ReadSink& sink) {
  static const Fields fields = {
      file_field("file"),
      {.name = "env"},
      {.name = "command", .type = Type::list, .words = true, .fields = {{.name = "word"}}}};
  SecretSource source{
      .name = name, .kind = SecretSource::Kind::env, .words = {}, .expires = {}, .where = node.at};
  if (node.kind != yaml::NodeKind::mapping) {
    report_hidden(sink, node.at, fmt::format("`{}` does not say where its value comes from", name),
                  source_forms);
    return source;
  }
  const std::size_t before = sink.errors.size();
  const Attributes value = read_object({.fields = fields, .what = name}, node, "", "", sink);
  if (sink.errors.size() > before) return source;
  if (value.size() != 1) {
    report(sink, node.at,
           fmt::format("`{}` needs exactly one of `file`, `env` and `command`", name),
           "keep the one that holds the value");
    return source;
  }
  const std::string& key = value.begin().key();
  const nlohmann::json& words = *value.begin();
  source.kind = key == "file"  ? SecretSource::Kind::file
                : key == "env" ? SecretSource::Kind::env
                               : SecretSource::Kind::command;
  source.words = words.is_string() ? std::vector<std::string>{words.get<std::string>()}
                                   : words.get<std::vector<std::string>>();
  if (source.words.empty()) {
    report(sink, node.at, fmt::format("the command of `{}` has no program", name), source_forms);
  } else if (const std::string& program = source.words.front();
             program.find('/') != std::string::npos && !program.starts_with('/')) {
    report(sink, node.at,
           in_ticks(program) + " is a relative path, and the service has no folder of its own",
           "write the whole path of the program, or its bare name");
  }
  return source;
}

std::optional<SecretSource> source_at(const yaml::Node& mapping, const char* key, ReadSink& sink) {
  const yaml::Node* node = mapping.find(key);
  if (node == nullptr) return std::nullopt;
  return read_source(*node, key, sink);
}

SecretSource needed_source(const yaml::Node& mapping, const char* key, const char* what,
                           ReadSink& sink) {
  auto source = source_at(mapping, key, sink);
  if (!source && !has_near(mapping, key)) {
    report(sink, mapping.at, fmt::format("`{}` is missing in `{}`", key, what), source_forms);
  }
  return source.value_or(SecretSource());
}

SiteAuth read_auth(const yaml::Node& node, ReadSink& sink) {
  static const Fields fields = {
      {.name = "username"}, file_field("key"), {.name = "agent", .type = Type::boolean}};
  SiteAuth auth;
  const auto value = read_fields(fields, {"token", "password", "passphrase"}, "auth", node, sink);
  if (!value) return auth;
  auth.username = text_in(*value, "username");
  auth.token = source_at(node, "token", sink);
  auth.password = source_at(node, "password", sink);
  auth.key_file = text_in(*value, "key");
  auth.passphrase = source_at(node, "passphrase", sink);
  auth.agent = value->value("agent", false);
  const bool key = node.find("key") != nullptr;
  const int ways = static_cast<int>(auth.token.has_value()) +
                   static_cast<int>(auth.password.has_value()) + static_cast<int>(key) +
                   static_cast<int>(auth.agent);
  if (ways > 1) {
    report(sink, node.at, "`auth` says more than one way in",
           "keep one of `token`, `password`, `key` and `agent`");
  } else if (ways == 0 && !auth.passphrase) {
    report(sink, node.at, "`auth` says no way in",
           "write one of { token: SOURCE }, { username: NAME, password: SOURCE }, { key: FILE } "
           "and { agent: true }, or remove it");
  }
  if (auth.passphrase && !key) {
    report(sink, node.find("passphrase")->at, "`passphrase` belongs to a `key`",
           "write `key: FILE` beside it");
  }
  if (auth.password && auth.username.empty()) {
    report(sink, node.find("password")->at, "a password without a `username`",
           "write `username: NAME` beside it");
  }
  return auth;
}

std::optional<SignedCommits> read_signers(const yaml::Node& node, ReadSink& sink) {
  static const Fields fields = {file_field("ssh"), file_field("gpg")};
  const auto value = read_fields(fields, {}, "require_signed_commits", node, sink);
  if (!value) return std::nullopt;
  const int ways =
      static_cast<int>(node.find("ssh") != nullptr) + static_cast<int>(node.find("gpg") != nullptr);
  if (ways != 1) {
    report(sink, node.at, "`require_signed_commits` needs exactly one of `ssh` and `gpg`",
           "write { ssh: FILE_OF_ALLOWED_SIGNERS } or { gpg: FOLDER_OF_A_KEYRING }");
  }
  return SignedCommits{text_in(*value, "ssh"), text_in(*value, "gpg")};
}

std::optional<WebhookConfig> read_webhook(const yaml::Node& node, ReadSink& sink) {
  static const Fields fields = {forge_field("forge")};
  const auto value = read_fields(fields, {"secret"}, "webhook", node, sink);
  if (!value) return std::nullopt;
  return WebhookConfig{text_in(*value, "forge"), needed_source(node, "secret", "webhook", sink)};
}

std::optional<ForgeConfig> read_forge(const yaml::Node& node, ReadSink& sink) {
  static const Fields fields = {
      forge_field("type"),
      {.name = "url", .type = Type::url, .example = "https://git.example.org"},
      {.name = "repo", .required = true, .example = "ana/lab"},
      {.name = "target_url", .type = Type::url},
      file_field("ca_file"),
      {.name = "fingerprint"}};
  const auto value = read_fields(fields, {"token"}, "forge", node, sink);
  if (!value) return std::nullopt;
  ForgeConfig forge{.type = text_in(*value, "type"),
                    .url = text_in(*value, "url"),
                    .repo = text_in(*value, "repo"),
                    .token = needed_source(node, "token", "forge", sink),
                    .target_url = text_in(*value, "target_url"),
                    .ca_file = text_in(*value, "ca_file"),
                    .fingerprint = text_in(*value, "fingerprint")};
  const bool own = forge.type == "forgejo" || forge.type == "gitea";
  if (own && forge.url.empty() && !has_near(node, "url")) {
    report(sink, node.at, "`url` is missing in `forge`", "write `url: https://git.example.org`");
  }
  return forge;
}

// What is followed: exactly one of three.
void read_ref(const Attributes& value, const yaml::Node& node, SiteConfig& site, ReadSink& sink) {
  site.branch = text_in(value, "branch");
  site.tag = text_in(value, "tag");
  site.commit = text_in(value, "commit");
  int stated = 0;
  const yaml::Node* last = nullptr;
  for (const char* key : {"branch", "tag", "commit"}) {
    if (const yaml::Node* one = node.find(key)) {
      ++stated;
      last = one;
    }
  }
  if (stated == 0) site.branch = "main";
  if (stated > 1) {
    report(sink, last->at, fmt::format("site `{}` follows more than one thing", site.name),
           "keep one of `branch`, `tag` and `commit`");
  }
}

const Fields& site_fields() {
  constexpr std::int64_t hour = 3600;
  static const Fields fields = {{.name = "repo",
                                 .required = true,
                                 .check = repository,
                                 .example = "https://git.example.org/ana/lab.git"},
                                {.name = "branch"},
                                {.name = "tag"},
                                {.name = "commit", .check = commit_hash},
                                {.name = "path", .check = inner_path},
                                time_field("poll", 24 * hour, "1m"),
                                time_field("interval", 7 * 24 * hour, "15m"),
                                time_field("fetch_timeout", hour, "2m"),
                                {.name = "host_key", .check = host_fingerprint},
                                file_field("known_hosts"),
                                file_field("ca_file")};
  return fields;
}

void read_site(const yaml::Node& key, const yaml::Node& node, ServiceConfig& service,
               ReadSink& sink) {
  SiteConfig site;
  site.name = key.text;
  site.where = source_ref(key.at, sink.files);
  if (!is_site_name(key.text)) {
    report(sink, key.at, in_ticks(key.text) + " cannot be the name of a site",
           "write the `site:` that the spec there says: lower-case letters, digits and dashes");
  }
  const yaml::Node* repo = node.find("repo");
  if (repo != nullptr && holds_password(repo->text)) {
    return report_hidden(sink, repo->at, "the url of `repo` holds a password",
                         "say below `auth` where it comes from");
  }
  const auto value =
      read_fields(site_fields(), {"auth", "require_signed_commits", "webhook", "forge"},
                  ("site " + key.text).c_str(), node, sink);
  if (!value) return;
  site.repo = text_in(*value, "repo");
  site.path = text_in(*value, "path");
  site.host_key = text_in(*value, "host_key");
  site.known_hosts = text_in(*value, "known_hosts");
  site.ca_file = text_in(*value, "ca_file");
  take_time(*value, "poll", site.poll);
  take_time(*value, "interval", site.interval);
  take_time(*value, "fetch_timeout", site.fetch_timeout);
  read_ref(*value, node, site, sink);
  if (const yaml::Node* auth = node.find("auth")) site.auth = read_auth(*auth, sink);
  if (const yaml::Node* signers = node.find("require_signed_commits")) {
    site.signed_commits = read_signers(*signers, sink);
  }
  if (const yaml::Node* hook = node.find("webhook")) site.webhook = read_webhook(*hook, sink);
  if (const yaml::Node* forge = node.find("forge")) site.forge = read_forge(*forge, sink);
  service.sites.emplace(site.name, std::move(site));
}

std::string read_token_hash(const yaml::Node& node, ReadSink& sink) {
  constexpr std::string_view prefix = "sha256:";
  const std::string& text = node.text;
  const bool good = text.starts_with(prefix) && text.size() == prefix.size() + 64 &&
                    text.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
  if (good) return text;
  // Whoever writes something else here may well have written the token.
  report_hidden(sink, node.at, "`token_hash` is no hash of a token",
                "write sha256: and 64 hex digits: printf %s \"$TOKEN\" | sha256sum");
  return {};
}

}  // namespace

ServiceConfig read_service(const yaml::Node& node, ReadSink& sink) {
  static const Fields fields = {
      {.name = "listen", .check = listen_address, .example = "127.0.0.1:8471"}};
  static const Fields tls_fields = {file_field("certificate", true), file_field("key", true)};
  ServiceConfig service;
  const auto value = read_fields(fields, {"tls", "token_hash", "sites"}, "service", node, sink);
  if (!value) return service;
  service.listen = text_in(*value, "listen");
  if (const yaml::Node* tls = node.find("tls")) {
    if (const auto files = read_fields(tls_fields, {}, "tls", *tls, sink)) {
      service.tls = TlsConfig{text_in(*files, "certificate"), text_in(*files, "key")};
    }
  }
  if (const yaml::Node* hash = node.find("token_hash")) {
    service.token_hash = read_token_hash(*hash, sink);
  }
  const yaml::Node* sites = node.find("sites");
  const bool some = sites != nullptr && sites->kind == yaml::NodeKind::mapping;
  if (!some && !has_near(node, "sites")) {
    report(sink, sites == nullptr ? node.at : sites->at, "the service has no site to follow",
           "write `sites:` and below it, indented, `NAME:` with its `repo`");
  }
  for (std::size_t i = 0; some && i + 1 < sites->items.size(); i += 2) {
    read_site(sites->items[i], sites->items[i + 1], service, sink);
  }
  return service;
}

}  // namespace homeostat
