#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <filesystem>

#include "reconciler/cli/cli.hpp"
#include "reconciler/cli/saved.hpp"
#include "reconciler/loop/service.hpp"
#include "reconciler/machine.hpp"
#include "reconciler/redact.hpp"
#include "reconciler/report/words.hpp"
#include "reconciler/secrets.hpp"
#include "specs/types.hpp"

namespace homeostat::cli {
namespace {

struct RunFlags {
  std::string branch;
  std::string path;
  std::string poll;
  std::string interval;
  std::string listen;
  std::string site;
};

// Where mirrors and ledgers of all sites lie.
Result<std::string> mirror_folder(const std::string& label) {
  TRY_ASSIGN(const Places places, find_places(label));
  return places.state + "/mirror";
}

// The values of what the machine file calls secrets, by a name for messages.
class MachineSecrets {
 public:
  explicit MachineSecrets(std::string site) : site_(std::move(site)) { spec_.folder = "/"; }

  Result<std::string> value(const std::optional<SecretSource>& source, const std::string& what) {
    if (!source) return std::string();
    const std::string name = site_ + " " + what;
    spec_.secrets[name] = *source;
    const SecretValues values = load_secrets(spec_, {name}, Signals::stop());
    return values.at(name);
  }

 private:
  const std::string site_;
  Spec spec_;
};

Result<follow::Remote> remote_of(const SiteConfig& config, MachineSecrets& secrets) {
  follow::Remote remote;
  remote.url = config.repo;
  remote.branch = config.branch;
  remote.tag = config.tag;
  remote.commit = config.commit;
  remote.path = config.path;
  remote.host_key = config.host_key;
  remote.known_hosts = config.known_hosts;
  remote.ca_file = config.ca_file;
  remote.time_limit = config.fetch_timeout;
  remote.auth.username = config.auth.username;
  remote.auth.key_file = config.auth.key_file;
  remote.auth.agent = config.auth.agent;
  TRY_ASSIGN(remote.auth.token, secrets.value(config.auth.token, "token"));
  TRY_ASSIGN(remote.auth.password, secrets.value(config.auth.password, "password"));
  TRY_ASSIGN(remote.auth.passphrase, secrets.value(config.auth.passphrase, "passphrase"));
  TRY(follow::check_remote(remote));
  return remote;
}

std::string ref_of(const SiteConfig& config) {
  if (!config.tag.empty()) return "refs/tags/" + config.tag;
  return config.branch.empty() ? std::string() : "refs/heads/" + config.branch;
}

Result<SiteSettings> settings_of(const SiteConfig& config) {
  MachineSecrets secrets(config.name);
  SiteSettings site;
  site.label = config.name;
  site.poll = config.poll;
  site.interval = config.interval;
  site.head.site = config.name;
  site.head.path = config.path;
  TRY_ASSIGN(site.head.remote, remote_of(config, secrets));
  TRY_ASSIGN(site.head.mirror, mirror_folder(config.name));
  if (const auto& signers = config.signed_commits) {
    site.head.signers = follow::Signers{.ssh = signers->ssh, .gpg = signers->gpg};
  }
  if (const auto& webhook = config.webhook) {
    WebhookSettings settings;
    settings.forge = parse_forge(webhook->forge).value_or(ForgeType::forgejo);
    TRY_ASSIGN(settings.secret, secrets.value(webhook->secret, "webhook secret"));
    settings.ref = ref_of(config);
    if (config.forge) settings.repository = config.forge->repo;
    site.webhook = std::move(settings);
  }
  if (const auto& forge = config.forge) {
    ForgeSettings settings;
    settings.type = parse_forge(forge->type).value_or(ForgeType::forgejo);
    settings.url = forge->url;
    settings.repository = forge->repo;
    TRY_ASSIGN(settings.token, secrets.value(forge->token, "forge token"));
    settings.site = config.name;
    settings.target_url = forge->target_url;
    settings.ca_file = forge->ca_file;
    settings.fingerprint = forge->fingerprint;
    site.forge = std::move(settings);
  }
  return site;
}

Errors one(const Error& error) { return Errors{error}; }

tl::expected<ServiceSettings, Errors> settings_of(const ServiceConfig& config) {
  ServiceSettings settings;
  settings.version = HOMEOSTAT_VERSION;
  settings.server.listen = config.listen;
  if (config.tls) {
    settings.server.certificate_file = config.tls->certificate;
    settings.server.key_file = config.tls->key;
  }
  settings.token_hash = config.token_hash;
  Errors errors;
  for (const auto& [name, site] : config.sites) {
    auto made = settings_of(site);
    if (made) {
      settings.sites.push_back(std::move(*made));
    } else {
      Error error = made.error();
      error.message = "site " + name + ": " + error.message;
      errors.push_back(std::move(error));
    }
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  // It is nobody's in particular, so the first of them tells of it.
  if (!settings.sites.empty()) {
    settings.sites.front().certificate_file = settings.server.certificate_file;
  }
  return settings;
}

// One repository, named by hand: nothing of the machine file is needed.
Result<ServiceConfig> by_hand(const Global& global, const RunFlags& flags) {
  ServiceConfig config;
  config.listen = flags.listen;
  if (flags.site.empty()) {
    return fail(ErrorKind::invalid_spec, "which site is that? its ledger is found by its name",
                "say --site NAME, as homeostat.yaml there says it");
  }
  SiteConfig site;
  site.name = flags.site;
  site.repo = global.folder;
  if (site.repo.find(':') == std::string::npos) {
    std::error_code code;
    site.repo = std::filesystem::absolute(in_directory(global, site.repo), code).lexically_normal();
  }
  site.branch = flags.branch;
  site.path = flags.path;
  if (!flags.poll.empty()) {
    TRY_ASSIGN(const std::int64_t poll, parse_duration(flags.poll));
    site.poll = std::chrono::seconds(poll);
  }
  if (!flags.interval.empty()) {
    TRY_ASSIGN(const std::int64_t interval, parse_duration(flags.interval));
    site.interval = std::chrono::seconds(interval);
  }
  if (site.poll < std::chrono::seconds(1) || site.interval < std::chrono::seconds(1)) {
    return fail(ErrorKind::invalid_spec, "--poll and --interval are at least 1s");
  }
  config.sites[site.name] = site;
  return config;
}

tl::expected<ServiceSettings, Errors> read_settings(const Global& global, const RunFlags& flags) {
  if (!global.folder.empty()) {
    const auto config = by_hand(global, flags);
    if (!config) return tl::unexpected(one(config.error()));
    return settings_of(*config);
  }
  const auto machine = read_machine_file();
  if (!machine) return tl::unexpected(machine.error());
  if (!machine->service || machine->service->sites.empty()) {
    return tl::unexpected(
        one(fail(ErrorKind::not_found, "the machine file names no site to look after",
                 "write `service: { sites: ... }` there, or name a repository: homeostat run REPO")
                .value()));
  }
  return settings_of(*machine->service);
}

std::atomic<bool>& hung_up() {
  static std::atomic<bool> flag = false;
  return flag;
}

int run(const Global& global, const RunFlags& flags) {
  auto settings = read_settings(global, flags);
  if (!settings) return print_errors(settings.error());
  struct sigaction action = {};
  action.sa_handler = [](int) { hung_up() = true; };
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGHUP, &action, nullptr);
  const auto reload = [&]() -> std::optional<ServiceSettings> {
    if (!hung_up().exchange(false)) return std::nullopt;
    auto fresh = read_settings(global, flags);
    if (fresh) return std::move(*fresh);
    print_errors(fresh.error());
    note(read_machine_file() ? "the settings stay as they were"
                             : "the settings stay as they were, and nothing is looked at or changed"
                               " until the machine file can be read");
    return std::nullopt;
  };
  const Status served =
      serve_sites(std::move(*settings), reload, Signals::stop(), Signals::cancel());
  return served ? 0 : print_error(served.error());
}

}  // namespace

void add_run(CLI::App& app, Global& global, Command& command) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* verb = add_verb(
      app, global,
      {.name = "run",
       .brief = "Look after one or more sites, for years.",
       .more = "Follows git, makes and carries out plans as `mode` lets it, tells what is wrong.\n"
               "The machine file says which repositories; or name one. SIGHUP reads the settings\n"
               "again, SIGTERM finishes what is in flight.",
       .examples = "  homeostat run                       # what the machine file lists\n"
                   "  homeostat run /srv/git/homelab.git --site home --interval 5m\n"});
  verb->get_option("repo")->description("a repository: a path or a url (default: machine file)");
  verb->add_option("--site", flags->site, "what the spec in REPO calls its site");
  verb->add_option("--branch", flags->branch, "of REPO (default: the one its HEAD names)");
  verb->add_option("--path", flags->path, "of the spec's folder in REPO");
  verb->add_option("--poll", flags->poll, "how often REPO is asked (default: 1m)");
  verb->add_option("--interval", flags->interval, "between two full looks (default: 15m)");
  verb->add_option("--listen", flags->listen, "address:port of the web server (default: none)");
  verb->callback(
      [&global, &command, flags] { command = [&global, flags] { return run(global, *flags); }; });
}

}  // namespace homeostat::cli
