#include "tests/e2e/lab.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace homeostat::test {
namespace {

constexpr const char* small_lab = R"(homeostat: 1
site: home
providers:
  pve:  { type: files, path: live/pve }
  dns:  { type: files, path: live/dns }
  npm:  { type: files, path: live/npm, address: "${container.proxy.ip}" }
  kuma: { type: files, path: live/kuma }
networks:
  lab: { cidr: 10.5.0.0/24, gateway: 10.5.0.254, dhcp: 10.5.0.20-10.5.0.99, assign: vmid }
zones:
  lab:    { zone: lab.example.org, on: [dns], points_to: container, reverse: true, ttl: 1h }
  inside: { zone: example.org, on: [dns], points_to: proxy }
defaults:
  container:  { provider: pve, network: lab }
  proxy_host: { provider: npm, force_https: true, certificate: letsencrypt }
  monitor:    { provider: kuma, interval: 60s }
)";

constexpr const char* small_services = R"(services:
  proxy:
    container: { vmid: 103, cores: 1, memory: 512MiB }
    name: proxy.lab.example.org
  forgejo:
    container: { vmid: 110, cores: 2, memory: 2GiB }
    name: forgejo.lab.example.org
    web: { domain: git.example.org, port: 3000 }
    monitor: { path: /api/healthz }
)";

constexpr const char* small_dns = R"(dns:
  lab:
    nas: 10.5.0.10
    www: { CNAME: nas }
    "@": { MX: ["10 mail"], TXT: ["v=spf1 -all"] }
    mail: 10.5.0.10
    "*.apps": 10.5.0.103
)";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

std::string flat(const std::string& text) {
  std::istringstream words(text);
  std::string out;
  for (std::string word; words >> word;) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::vector<std::string> files_with(const std::string& folder, const std::string& text) {
  std::vector<std::string> found;
  for (const auto& [name, bytes] : Lab::snapshot(folder)) {
    if (has(bytes, text)) found.push_back(name);
  }
  return found;
}

Lab::Lab() {
  repo_.write("homeostat.yaml", small_lab);
  repo_.write("services.yaml", small_services);
  repo_.write("dns.yaml", small_dns);
  repo_.write(".gitignore", "/live/\n");
  commit("The homelab as it should be");
}

ProcessResult Lab::run(const std::vector<std::string>& words) const { return run_with({}, words); }

ProcessResult Lab::run_with(const std::map<std::string, std::string>& environment,
                            const std::vector<std::string>& words) const {
  ProcessInput input{.command = {binary()},
                     .environment = {{"HOMEOSTAT_STATE_DIR", state()}, {"TZ", "UTC"}},
                     .folder = folder()};
  for (const auto& [name, value] : environment) input.environment[name] = value;
  input.command.insert(input.command.end(), words.begin(), words.end());
  return run_process(input);
}

void Lab::apply() const {
  const ProcessResult applied = run({"apply", "--yes"});
  CAPTURE(applied.out);
  CAPTURE(applied.err);
  REQUIRE(applied.exit_code == 0);
}

std::string Lab::binary() { return HOMEOSTAT_BINARY; }

bool Lab::exists(const std::string& path) const {
  return std::filesystem::exists(std::filesystem::path(folder()) / path);
}

void Lab::edit(const std::string& path, const std::string& from, const std::string& to) {
  std::string text = read(path);
  const auto at = text.find(from);
  CAPTURE(text);
  REQUIRE(at != std::string::npos);
  write(path, text.replace(at, from.size(), to));
}

std::map<std::string, std::string> Lab::snapshot(const std::string& folder) {
  std::map<std::string, std::string> files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path().string()] = read_file(entry.path());
  }
  return files;
}

}  // namespace homeostat::test
