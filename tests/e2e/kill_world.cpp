#include "tests/e2e/kill_world.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace homeostat::test {
namespace {

namespace fs = std::filesystem;

// The instances, then what all worlds have.
constexpr const char* files_instances = R"(homeostat: 1
site: home
providers:
  dns:  { type: files, path: live/dns, adopt: always }
)";

constexpr const char* powerdns_instances = R"(homeostat: 1
site: home
providers:
  dns:  { type: powerdns, url: "URL", key: "${secret.key}", adopt: always }
)";

constexpr const char* rest_of_head = R"(  pve:  { type: files, path: live/pve }
  npm:  { type: files, path: live/npm, address: 10.5.0.110 }
  kuma: { type: files, path: live/kuma }
secrets:
  token: { file: token }
  key: { file: key }
networks:
  lab: { cidr: 10.5.0.0/24, gateway: 10.5.0.254, dhcp: 10.5.0.20-10.5.0.99, assign: vmid }
zones:
  lab: { zone: lab.example.org, on: [dns], points_to: container, reverse: true, ttl: 1h }
defaults:
  container:  { provider: pve, network: lab }
  proxy_host: { provider: npm }
  monitor:    { provider: kuma, interval: 60s }
)";

// What was applied before.
constexpr const char* before = R"(services:
  web: { container: { vmid: 110, cores: 1, memory: 1GiB }, name: web.lab.example.org }
containers:
  db:    { vmid: 111, cores: 1, template: debian-12 }
  left:  { vmid: 112, ip: 10.5.0.221 }
  right: { vmid: 113, ip: 10.5.0.222 }
  gone:  { vmid: 114, on_remove: stop }
  anew:  { vmid: 116, template: debian-12, env: { TOKEN: "${secret.token}" } }
dns:
  lab:
    nas: 10.5.0.10
    www: 10.5.0.11
    old: { CNAME: nas }
monitors:
  nas: { type: ping, target: 10.5.0.10 }
  old: { type: ping, target: 10.5.0.11 }
)";

// What is applied now: every action, a park step, a batch.
constexpr const char* after = R"(services:
  web: { container: { vmid: 110, cores: 2, memory: 2GiB }, name: web.lab.example.org }
  wiki:
    container: { vmid: 120, env: { TOKEN: "${secret.token}" } }
    name: wiki.lab.example.org
    web: { domain: wiki.lab.example.org, port: 3000 }
    monitor: { path: /health }
containers:
  database: { vmid: 111, cores: 2, template: debian-12 }
  left:  { vmid: 112, ip: 10.5.0.222 }
  right: { vmid: 113, ip: 10.5.0.221 }
  anew:  { vmid: 116, template: debian-13, env: { TOKEN: "${secret.token}" } }
dns:
  lab:
    nas: [10.5.0.10, 10.5.0.12]
    www: { CNAME: nas }
    taken: 10.5.0.13
monitors:
  storage: { type: ping, target: 10.5.0.10 }
proxy_hosts:
  nas: { domains: [nas.lab.example.org], forward_host: 10.5.0.10, forward_port: 80 }
)";

void write_file(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Without what only says that the file was renamed: it goes with the next write.
std::string settled(const std::string& text) {
  std::istringstream lines(text);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("  moved_") != 0) kept += line + "\n";
  }
  return kept;
}

// First columns of all rows, a line each; an error is a line too.
std::string query(sqlite3* handle, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle, sql, -1, &statement, nullptr) != SQLITE_OK) {
    return std::string("error: ") + sqlite3_errmsg(handle) + "\n";
  }
  std::string lines;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    lines += reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    lines += '\n';
  }
  if (code != SQLITE_DONE) lines += std::string("error: ") + sqlite3_errmsg(handle) + "\n";
  sqlite3_finalize(statement);
  return lines;
}

}  // namespace

const KillWorld& files_world() {
  static const KillWorld world{std::string(files_instances) + rest_of_head,
                               {{"live/dns/dns/lab/taken/A.yaml", "values: [10.5.0.99]\n"}}};
  return world;
}

const KillWorld& powerdns_world() {
  static const KillWorld world{std::string(powerdns_instances) + rest_of_head, {}};
  return world;
}

void KillSite::write_head() const {
  std::string head = world_->head;
  const auto url = head.find("URL");
  if (url != std::string::npos) head.replace(url, 3, server_->url());
  write_file(repo() + "/homeostat.yaml", head);
  must(run({"trust", "--yes"}, {}));
}

void KillSite::prepare(Past past) {
  past_ = past;
  for (const char* secret : {"/token", "/key"}) {
    write_file(repo() + secret, "outside-key\n");
    fs::permissions(repo() + secret, fs::perms::owner_read | fs::perms::owner_write);
  }
  for (const auto& [path, text] : world_->found) write_file(repo() + "/" + path, text);
  fs::create_directories(repo() + "/live");
  if (server_ != nullptr) server_->begin();
  write_file(repo() + "/site.yaml", before);
  write_head();
  if (past != Past::nothing) must(apply({}));
  write_file(repo() + "/site.yaml", after);
  must(run({"trust", "--yes"}, {}));  // a secret goes into one resource more
  if (server_ != nullptr) server_->keep(kept());
}

void KillSite::copy_to(const KillSite& other) const {
  fs::copy(folder_, other.folder_, fs::copy_options::recursive);
  if (other.server_ != nullptr) {
    other.server_->bring_back(other.kept());
    other.write_head();
  }
  if (past_ == Past::damaged) fs::resize_file(other.state() + "/home/ledger.db", 5000);
}

void KillSite::remove() const { fs::remove_all(folder_); }

void KillSite::must(const ProcessResult& result) const {
  if (result.exit_code != 0) throw std::runtime_error(folder_ + ": " + result.out + result.err);
}

ProcessResult KillSite::apply(const std::map<std::string, std::string>& environment) const {
  return run({"apply", "--yes", "--uncommitted", "--adopt", "*", "--allow-deletes", "50",
              "--allow-destroy", "container/anew"},
             environment);
}

ProcessResult KillSite::run(const std::vector<std::string>& words,
                            const std::map<std::string, std::string>& environment) const {
  ProcessInput input{.command = {HOMEOSTAT_BINARY},
                     .environment = {{"HOMEOSTAT_STATE_DIR", state()}, {"TZ", "UTC"}},
                     .folder = repo()};
  input.command.insert(input.command.end(), words.begin(), words.end());
  for (const auto& [name, value] : environment) input.environment[name] = value;
  return run_process(input);
}

std::map<std::string, std::string> KillSite::live() const {
  std::map<std::string, std::string> files;
  if (server_ != nullptr) files = server_->live();
  for (const auto& entry : fs::recursive_directory_iterator(repo() + "/live")) {
    const fs::path& path = entry.path();
    if (!entry.is_regular_file() || path.extension() == ".tmp") continue;
    files[fs::relative(path, repo())] = settled(read_file(path));
  }
  return files;
}

std::string KillSite::ledger() const {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2((state() + "/home/ledger.db").c_str(), &handle,
                                   SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> closed(handle, &sqlite3_close);
  if (code != SQLITE_OK) return "it cannot be opened";
  std::string text = query(handle,
                           "SELECT kind || '/' || name || '@' || provider || ' ' || native_id"
                           " FROM owned ORDER BY 1");
  const std::string sound = query(handle, "PRAGMA integrity_check");
  if (sound != "ok\n") text += "damaged: " + sound;
  text += query(handle, "SELECT 'broken reference in ' || \"table\" FROM pragma_foreign_key_check");
  text += query(handle, "SELECT 'open intent: ' || kind || '/' || name FROM intents");
  return text;
}

}  // namespace homeostat::test
