#include "tests/support/spec.hpp"

#include <doctest/doctest.h>

#include "specs/schema.hpp"

namespace homeostat {
namespace {

FieldSchema text(std::string name, bool required = false, bool secret = false) {
  FieldSchema field{.name = std::move(name)};
  field.required = required;
  field.secret = secret;
  return field;
}

std::vector<ProviderSchema> make_types() {
  const ProviderKindSchema plain;
  ProviderKindSchema guests;
  guests.extra = {text("arch"), {.name = "nesting", .type = Type::boolean}};
  guests.unsupported = {"image", "ports", "healthcheck"};
  ProviderKindSchema docker;
  docker.unsupported = {"vmid",    "template", "node",         "disk",
                        "network", "ip",       "unprivileged", "start_on_boot"};
  ProviderKindSchema cloudflare;
  cloudflare.extra = {{.name = "proxied", .type = Type::boolean}};
  cloudflare.unsupported = {"SSHFP"};
  std::vector<ProviderSchema> types(7);
  types[0] = {"proxmox",
              "",
              {text("url", true), text("token", true, true), text("fingerprint")},
              {{"container", guests}}};
  types[1] = {"docker", "", {text("url", true)}, {{"container", docker}}};
  types[2] = {"technitium",
              "",
              {text("url", true), text("token", true, true)},
              {{"dns", plain}, {"ip", plain}}};
  types[3] = {"cloudflare", "", {text("token", true, true)}, {{"dns", cloudflare}}};
  types[4] = {"nginx-proxy-manager",
              "",
              {text("url", true), text("identity"), text("password", false, true)},
              {{"proxy_host", plain}}};
  types[5] = {"uptime-kuma", "", {text("url", true)}, {{"monitor", plain}}};
  types[6] = {"files", "", {text("path", true)}, {}};
  for (const KindSchema& kind : kinds()) types[6].kinds[kind.name] = plain;
  return types;
}

std::vector<NotifierSchema> make_notifiers() {
  FieldSchema headers{.name = "headers", .type = Type::map, .secret = true};
  headers.fields = {text("header")};
  FieldSchema command{.name = "command", .type = Type::list, .required = true};
  command.fields = {text("word")};
  std::vector<NotifierSchema> types(4);
  types[0] = {"telegram", "", {text("token", true, true), text("chat", true)}};
  types[1] = {"ntfy", "", {text("url", true), text("topic", true), text("token", false, true)}};
  types[2] = {"webhook", "", {text("url", true), text("secret", false, true), headers}};
  types[3] = {"exec", "", {command}};
  return types;
}

std::string all(const Errors& errors) {
  std::string out;
  for (const Error& error : errors) out += render(error);
  return out;
}

}  // namespace

Result<std::optional<std::string>> TextSource::read(std::string_view path) const {
  const auto it = texts_.find(std::string(path));
  if (it == texts_.end()) return std::nullopt;
  return it->second;
}

std::vector<std::string> TextSource::list(const std::set<std::string>& skip,
                                          Errors& /*errors*/) const {
  std::vector<std::string> paths;
  for (const auto& [path, content] : texts_) {
    bool skipped = false;
    for (const std::string& folder : skip) skipped = skipped || path.starts_with(folder + "/");
    if (!skipped) paths.push_back(path);
  }
  return paths;
}

std::span<const ProviderSchema> test_types() {
  static const std::vector<ProviderSchema> types = make_types();
  return types;
}

std::span<const NotifierSchema> test_notifiers() {
  static const std::vector<NotifierSchema> types = make_notifiers();
  return types;
}

std::string homelab() {
  return R"(homeostat: 1
site: home
providers:
  pve:  { type: proxmox, url: "https://10.5.0.254:8006", token: "${secret.pve}" }
  dock: { type: docker, url: "unix:///var/run/docker.sock", address: 10.5.0.111 }
  dns:  { type: technitium, url: "http://10.5.0.5:5380", token: "${secret.dns}" }
  pub:  { type: cloudflare, token: "${secret.pub}" }
  npm:  { type: nginx-proxy-manager, url: "http://10.5.0.6:81", address: 10.5.0.6 }
  kuma: { type: uptime-kuma, url: "http://10.5.0.7:3001" }
secrets:
  pve: { file: /etc/homeostat/pve }
  dns: { env: DNS_TOKEN }
  pub: { command: [pass, cloudflare] }
networks:
  lab: { cidr: 10.5.0.0/24, gateway: 10.5.0.254, dhcp: 10.5.0.20-10.5.0.99, assign: vmid }
zones:
  lab:    { zone: lab.example.org, on: [dns], points_to: container, reverse: true, ttl: 1h }
  inside: { zone: example.org, on: [dns], points_to: proxy }
  public: { zone: example.org, on: [pub], points_to: 203.0.113.7, ttl: 5m }
defaults:
  container:  { provider: pve, network: lab }
  proxy_host: { force_https: true, certificate: letsencrypt }
  monitor:    { interval: 60s }
)";
}

tl::expected<Spec, Errors> load_texts(const Texts& texts) {
  return load_spec(TextSource(texts), test_types(), test_notifiers());
}

tl::expected<Spec, Errors> load_text(const std::string& text) {
  return load_texts({{"homeostat.yaml", homelab()}, {"spec.yaml", text}});
}

Spec loaded(const Texts& texts) {
  tl::expected<Spec, Errors> spec = load_texts(texts);
  if (!spec) FAIL(all(spec.error()));
  return std::move(*spec);
}

Spec loaded(const std::string& text) {
  return loaded(Texts{{"homeostat.yaml", homelab()}, {"spec.yaml", text}});
}

std::string errors_in(const Texts& texts) {
  const tl::expected<Spec, Errors> spec = load_texts(texts);
  return spec ? std::string() : all(spec.error());
}

std::string errors_in(const std::string& text) {
  return errors_in(Texts{{"homeostat.yaml", homelab()}, {"spec.yaml", text}});
}

std::string warnings_in(const std::string& text) { return all(loaded(text).warnings); }

const Resource& find(const Spec& spec, const std::string& address) {
  const Result<Address> wanted = parse_address(address);
  REQUIRE(wanted);
  const Resource* found = nullptr;
  for (const auto& [key, resource] : spec.desired) {
    if (key.kind != wanted->kind || key.name != wanted->name) continue;
    if (wanted->provider.empty() || key.provider == wanted->provider) found = &resource;
  }
  REQUIRE_MESSAGE(found != nullptr, address);
  return *found;
}

bool has(const Spec& spec, const std::string& address) {
  const Result<Address> wanted = parse_address(address);
  REQUIRE(wanted);
  for (const auto& [key, resource] : spec.desired) {
    if (key.kind == wanted->kind && key.name == wanted->name) return true;
  }
  return false;
}

std::vector<std::string> lines_of(const Spec& spec, const Resource& resource,
                                  const std::string& path) {
  std::vector<std::string> lines;
  for (const FieldOrigin& origin : resource.origins) {
    if (origin.path != path) continue;
    for (const Origin& line : origin.lines) {
      lines.push_back(spec.files.at(line.file) + ":" + std::to_string(line.line));
    }
  }
  return lines;
}

std::string open_at(const Resource& resource, const std::string& pointer) {
  std::string text;
  for (const OpenValue& open : resource.open) {
    if (open.pointer != pointer) continue;
    for (const TemplatePart& part : open.parts) {
      if (part.kind == TemplatePart::Kind::literal) text += part.text;
      if (part.kind == TemplatePart::Kind::secret) text += "<secret " + part.text + ">";
      if (part.kind == TemplatePart::Kind::reference) {
        text += "<" + to_string(part.target) + " " + part.field + ">";
      }
    }
  }
  return text;
}

}  // namespace homeostat
