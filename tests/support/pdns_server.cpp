#include "tests/support/pdns_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "tests/support/process.hpp"

namespace homeostat::test {
namespace {

constexpr const char* server_path = "/api/v1/servers/localhost";
constexpr const char* schema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";
constexpr std::chrono::seconds deadline{20};

struct Socket {
  explicit Socket(int type) : fd(socket(AF_INET, type | SOCK_CLOEXEC, 0)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(fd); }
  const int fd;
};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool bind_to(const Socket& made, int port) {
  const sockaddr_in address = loopback(port);
  return bind(made.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

void succeed(const RawReply& reply, const std::string& what) {
  if (reply.status >= 200 && reply.status < 300) return;
  throw std::runtime_error(fmt::format("{}: {} {}", what, reply.status, reply.body));
}

void must(const ProcessInput& input) {
  const ProcessResult result = run_process(input);
  if (result.exit_code == 0) return;
  throw std::runtime_error(
      fmt::format("{}: {} {}", input.command.front(), result.exit_code, result.err));
}

}  // namespace

int free_port() {
  while (true) {
    const Socket tcp(SOCK_STREAM);
    const Socket udp(SOCK_DGRAM);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (!bind_to(tcp, 0) ||
        getsockname(tcp.fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no free port");
    }
    const int port = ntohs(address.sin_port);
    if (bind_to(udp, port)) return port;
  }
}

PdnsServer::PdnsServer(PdnsBackend backend) {
  if (backend == PdnsBackend::sqlite) {
    must({.command = {"/usr/bin/sqlite3", folder_.path() + "/pdns.db",
                      fmt::format(".read {}", schema)}});
  }
  // Somebody else may take a free port first.
  for (int attempt = 0; attempt < 3; ++attempt) {
    dns_port_ = free_port();
    http_port_ = free_port();
    write_config(backend);
    start();
    if (wait_until_ready()) return;
    stop();
  }
  throw std::runtime_error("pdns_server did not start: " + folder_.read("log"));
}

PdnsServer::~PdnsServer() { stop(); }

std::string PdnsServer::url() const { return fmt::format("http://127.0.0.1:{}", http_port_); }

void PdnsServer::write_config(PdnsBackend backend) const {
  const std::string data =
      backend == PdnsBackend::lmdb
          ? fmt::format("launch=lmdb\nlmdb-filename={}/pdns.lmdb\n", folder_.path())
          : fmt::format(
                "launch=gsqlite3\ngsqlite3-database={}/pdns.db\n"
                "gsqlite3-pragma-synchronous=0\n",
                folder_.path());
  // No caches: what is written is served at once.
  folder_.write("pdns.conf",
                data + fmt::format("local-address=127.0.0.1\nlocal-port={}\nsocket-dir={}\n"
                                   "webserver=yes\nwebserver-address=127.0.0.1\nwebserver-port={}\n"
                                   "webserver-allow-from=127.0.0.0/8\napi=yes\napi-key={}\n"
                                   "daemon=no\nguardian=no\nsetuid=\nsetgid=\nloglevel=3\n"
                                   "zone-cache-refresh-interval=0\ncache-ttl=0\nquery-cache-ttl=0\n"
                                   "negquery-cache-ttl=0\n",
                                   dns_port_, folder_.path(), http_port_, key));
}

void PdnsServer::start() {
  const std::string config = "--config-dir=" + folder_.path();
  const std::string log = folder_.path() + "/log";
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("no process");
  if (pid_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int in = open("/dev/null", O_RDONLY);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  execl("/usr/sbin/pdns_server", "pdns_server", config.c_str(), nullptr);
  _exit(127);
}

bool PdnsServer::wait_until_ready() const {
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (std::chrono::steady_clock::now() < until) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) return false;
    if (call("GET", "").status == 200) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

void PdnsServer::stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  const auto until = std::chrono::steady_clock::now() + deadline;
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > until) kill(pid_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  pid_ = -1;
}

RawReply PdnsServer::call(const std::string& method, const std::string& path,
                          const std::string& body) const {
  return raw_http(http_port_, method, server_path + path, body,
                  fmt::format("X-API-Key: {}\r\nAccept: application/json\r\n", key));
}

void PdnsServer::create_zone(const std::string& name, const std::string& kind) const {
  nlohmann::json zone = {{"name", name + '.'}, {"kind", kind}};
  if (kind == "Slave") {
    zone["masters"] = {"127.0.0.1"};
  } else {
    zone["nameservers"] = {"ns1." + name + '.'};
  }
  succeed(call("POST", "/zones", zone.dump()), "create zone " + name);
}

nlohmann::json PdnsServer::zone(const std::string& name) const {
  const RawReply reply = call("GET", fmt::format("/zones/{}.", name));
  succeed(reply, "zone " + name);
  return nlohmann::json::parse(reply.body);
}

nlohmann::json PdnsServer::rrset(const std::string& zone_name, const std::string& name,
                                 const std::string& type) const {
  const nlohmann::json all = zone(zone_name);
  for (const nlohmann::json& set : all["rrsets"]) {
    if (set["name"] == name + '.' && set["type"] == type) return set;
  }
  return nullptr;
}

void PdnsServer::patch(const std::string& zone_name, const nlohmann::json& rrsets) const {
  const nlohmann::json body = {{"rrsets", rrsets}};
  succeed(call("PATCH", fmt::format("/zones/{}.", zone_name), body.dump()), "patch " + zone_name);
}

void PdnsServer::put(const std::string& zone_name, const std::string& name, const std::string& type,
                     int ttl, const std::vector<std::string>& contents) const {
  nlohmann::json records = nlohmann::json::array();
  for (const std::string& content : contents) {
    records.push_back({{"content", content}, {"disabled", false}});
  }
  patch(zone_name, nlohmann::json::array({{{"name", name + '.'},
                                           {"type", type},
                                           {"ttl", ttl},
                                           {"changetype", "REPLACE"},
                                           {"records", records}}}));
}

void PdnsServer::remove(const std::string& zone_name, const std::string& name,
                        const std::string& type) const {
  patch(zone_name,
        nlohmann::json::array({{{"name", name + '.'}, {"type", type}, {"changetype", "DELETE"}}}));
}

void PdnsServer::sql(const std::string& statement) const {
  must({.command = {"/usr/bin/sqlite3", folder_.path() + "/pdns.db", statement}});
}

std::vector<std::vector<std::string>> PdnsServer::dig(
    const std::vector<std::string>& questions) const {
  std::string batch;
  for (const std::string& question : questions) batch += question + '\n';
  folder_.write("questions", batch);
  const ProcessResult result =
      run_process({.command = {"/usr/bin/dig", "-r", "@127.0.0.1", "-p", std::to_string(dns_port_),
                               "+noall", "+question", "+answer", "+authority", "+norecurse",
                               "+nosplit", "+tcp", "-f", folder_.path() + "/questions"}});
  std::vector<std::vector<std::string>> answers;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(';')) {
      answers.emplace_back();
      continue;
    }
    if (line.empty() || answers.empty()) continue;
    std::istringstream words(line);
    std::string name;
    std::string ttl;
    std::string in;
    std::string type;
    words >> name >> ttl >> in >> type >> std::ws;
    std::string rdata;
    std::getline(words, rdata);
    if (type == "SOA" && rdata.find(" hostmaster.") != std::string::npos) continue;  // "no such"
    answers.back().push_back(fmt::format("{} {} {} {}", name, ttl, type, rdata));
  }
  for (auto& answer : answers) std::sort(answer.begin(), answer.end());
  if (answers.size() != questions.size()) {
    throw std::runtime_error(fmt::format("dig answered {} of {} questions: {}", answers.size(),
                                         questions.size(), result.err + result.out));
  }
  return answers;
}

}  // namespace homeostat::test
