// A container: LXC and Docker in one table.
#include "specs/kinds/kinds.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

constexpr std::int64_t mebibyte = 1024 * 1024;
constexpr ChangeEffect restart = ChangeEffect::restart;

Result<std::string> canonical_port(std::string_view text) {
  TRY_ASSIGN(const PortMapping mapping, parse_port_mapping(text));
  return to_string(mapping);
}

Result<std::string> ipv6_only(std::string_view text) {
  TRY_ASSIGN(const IpAddress address, parse_ip(text));
  if (address.v6) return to_string(address);
  return fail(ErrorKind::invalid_spec, in_ticks(text) + " is IPv4", "write it as `ip`");
}

Result<std::string> absolute_path(std::string_view text) {
  if (text.starts_with('/')) return std::string(text);
  return fail(ErrorKind::invalid_spec,
              in_ticks(text) + " is relative, and nobody says to which folder",
              "write it from the top: " + in_ticks('/' + std::string(text)));
}

// "CAP_NET_ADMIN", "net_admin" -> "NET_ADMIN"
Result<std::string> canonical_capability(std::string_view text) {
  std::string name(text);
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name.starts_with("CAP_") ? name.substr(4) : name;
}

// Servers and block scalars end a text with a newline or not, at their whim.
Result<std::string> without_last_newlines(std::string_view text) {
  const auto last = text.find_last_not_of('\n');
  return std::string(text.substr(0, last == std::string_view::npos ? 0 : last + 1));
}

FieldSchema list_of(FieldSchema element, std::string name, std::string doc, std::string example) {
  return {.name = std::move(name),
          .type = Type::list,
          .doc = std::move(doc),
          .change = restart,
          .fields = {std::move(element)},
          .example = std::move(example)};
}

FieldSchema words_of(std::string name, std::string doc, std::string example) {
  FieldSchema field = list_of({}, std::move(name), std::move(doc), std::move(example));
  field.words = true;
  return field;
}

FieldSchema set_of(FieldSchema element, std::string name, std::string doc, std::string example) {
  FieldSchema field =
      list_of(std::move(element), std::move(name), std::move(doc), std::move(example));
  field.set = true;
  return field;
}

FieldSchema map_of(std::string name, std::string doc, std::string example) {
  return {.name = std::move(name),
          .type = Type::map,
          .doc = std::move(doc),
          .change = restart,
          .keyed = true,
          .fields = {FieldSchema{}},
          .example = std::move(example)};
}

std::vector<FieldSchema> identity_fields() {
  return {
      {.name = "vmid",
       .type = Type::integer,
       .doc = "The number of the guest. Silent: the server's next free one.",
       .change = ChangeEffect::replace,
       .computed = true,
       .min = 100,
       .max = 999999999,
       .example = "110"},
      {.name = "image",
       .doc = "The image it is made of, with a tag or digest.",
       .change = restart,
       .example = "codeberg.org/forgejo/forgejo:12.0.1"},
      {.name = "template",
       .doc = "The system template it is made of, by name or with its storage.",
       .change = ChangeEffect::replace,
       .example = "debian-12"},
      {.name = "hostname",
       .type = Type::name,
       .doc = "Its own name. Silent: the key.",
       .change = restart,
       .example = "forgejo"},
      {.name = "node",
       .doc = "The machine of a cluster that it runs on; a change moves it.",
       .change = restart,
       .example = "core"},
      {.name = "description",
       .doc = "Free text.",
       .check = without_last_newlines,
       .example = "The git server"},
  };
}

std::vector<FieldSchema> resource_fields() {
  return {
      {.name = "cores",
       .type = Type::integer,
       .doc = "How many processor cores it sees.",
       .min = 1,
       .max = 8192,
       .example = "2"},
      {.name = "cpu_limit",
       .doc = "How much processor time it may use, in cores; fractions are fine.",
       .check = canonical_decimal,
       .example = "\"1.5\""},
      {.name = "memory",
       .type = Type::size,
       .doc = "How much memory it may use.",
       .min = 4 * mebibyte,
       .example = "2GiB"},
      {.name = "swap", .type = Type::size, .doc = "How much swap besides.", .example = "512MiB"},
      {.name = "disk",
       .type = Type::size,
       .doc = "The size of its root disk; it can grow, not shrink.",
       .grows_only = true,
       .min = mebibyte,
       .example = "16GiB"},
      {.name = "storage",
       .doc = "Where its root disk lies; a change moves the disk.",
       .change = restart,
       .example = "local-zfs"},
      {.name = "shm_size",
       .type = Type::size,
       .doc = "The size of /dev/shm.",
       .change = restart,
       .example = "256MiB"},
  };
}

std::vector<FieldSchema> storage_fields() {
  const FieldSchema target = {.name = "target",
                              .doc = "The path inside the container.",
                              .required = true,
                              .check = absolute_path,
                              .example = "/data"};
  const FieldSchema size = {.name = "size",
                            .type = Type::size,
                            .doc = "How large it is, where it is made for this.",
                            .example = "100GiB"};
  const FieldSchema read_only = flag("read_only", "Nothing in it can be written.", false, restart);
  const FieldSchema backup = flag("backup", "It is part of backups.", false, restart);
  FieldSchema mount{.type = Type::object};
  mount.fields = {{.name = "source",
                   .doc = "A path on the host, or `storage:name` of a volume; none for tmpfs.",
                   .example = "/tank/media"},
                  target,
                  {.name = "type",
                   .type = Type::choice,
                   .doc = "Silent: `bind` for a source that begins with /, else `volume`.",
                   .choices = {"bind", "volume", "tmpfs"},
                   .example = "bind"},
                  read_only,
                  size,
                  backup};
  FieldSchema volume{.type = Type::object};
  volume.fields = {{.name = "name",
                    .doc = "The name of the volume; it outlives the container.",
                    .required = true,
                    .example = "forgejo-data"},
                   target,
                   read_only,
                   size,
                   backup};
  return {
      list_of(mount, "mounts", "What is mounted into it from the host.",
              "[{ source: /tank/media, target: /media, read_only: true }]"),
      list_of(volume, "volumes", "Named volumes that hold its data.",
              "[{ name: forgejo-data, target: /data }]"),
      set_of({}, "devices", "Devices of the host that it may use.", "[/dev/dri/renderD128]"),
  };
}

std::vector<FieldSchema> network_fields() {
  const FieldSchema address = {.type = Type::ip};
  return {
      {.name = "network", .doc = "The declared network it is on.", .example = "lab"},
      {.name = "ip",
       .type = Type::ip,
       .doc = "Its address: `auto` (by the network's rule), `dhcp`, or an address.",
       .computed = true,
       .choices = {"auto", "dhcp"},
       .example = "10.5.0.110"},
      {.name = "ip6",
       .type = Type::ip,
       .doc = "Its IPv6 address: `slaac`, `dhcp`, or an address.",
       .computed = true,
       .choices = {"slaac", "dhcp"},
       .check = ipv6_only,
       .example = "2001:db8::110"},
      {.name = "mac",
       .type = Type::mac,
       .doc = "Its hardware address. Silent: the server makes one.",
       .change = restart,
       .computed = true,
       .example = "BC:24:11:00:01:10"},
      {.name = "gateway",
       .type = Type::ip,
       .doc = "Its default route. Silent: that of the network.",
       .example = "10.5.0.254"},
      {.name = "gateway6",
       .type = Type::ip,
       .doc = "Its default route for IPv6.",
       .check = ipv6_only,
       .example = "2001:db8::1"},
      {.name = "vlan",
       .type = Type::integer,
       .doc = "The VLAN of its interface. Silent: that of the network.",
       .min = 1,
       .max = 4094,
       .example = "20"},
      set_of({}, "networks", "Further networks it is joined to.", "[backend]"),
      {.name = "network_mode",
       .doc = "`host`, `none`, or `container:NAME`: instead of a network of its own.",
       .change = restart,
       .example = "host"},
      list_of(address, "nameserver", "The resolvers it asks, in this order.", "[10.5.0.53]"),
      list_of({.type = Type::name}, "search_domain", "Domains that complete short names.",
              "[lab.example.org]"),
      map_of("hosts", "Further names it knows, with their addresses.", "{ nas: 10.5.0.20 }"),
      set_of({.check = canonical_port}, "ports",
             "Ports published on the host: `host:container`, with an address in front and /udp "
             "behind where needed; a bare `80` is `80:80`.",
             "[\"8080:80\", \"127.0.0.1:53:53/udp\"]"),
  };
}

std::vector<FieldSchema> process_fields() {
  return {
      map_of("env", "Environment variables. Only the stated ones are looked after.",
             "{ TZ: Europe/Vienna, DB_PASSWORD: \"${secret.db}\" }"),
      list_of({}, "env_file", "Files with further variables, relative to the repo.",
              "[forgejo.env]"),
      words_of("command", "What is run, word by word.", "[serve, --port, \"8080\"]"),
      words_of("entrypoint", "What the command is given to, word by word.", "[/init]"),
      {.name = "working_dir",
       .doc = "The folder the command starts in.",
       .change = restart,
       .check = absolute_path,
       .example = "/srv"},
      {.name = "user",
       .doc = "Who runs it: a name or number, with the group behind a colon.",
       .change = restart,
       .example = "\"1000:1000\""},
      {.name = "timezone",
       .doc = "Its time zone, or `host`.",
       .change = restart,
       .example = "Europe/Vienna"},
      {.name = "stop_timeout",
       .type = Type::duration,
       .doc = "How long it may take to stop before it is killed.",
       .change = restart,
       .example = "30s"},
      {.name = "pull",
       .type = Type::choice,
       .doc = "When the image is fetched anew.",
       .default_value = "missing",
       .choices = {"always", "missing", "never"},
       .example = "always"},
  };
}

FieldSchema healthcheck_field() {
  return {
      .name = "healthcheck",
      .type = Type::object,
      .doc = "How the container's own health is tested.",
      .change = restart,
      .fields = {list_of({}, "test", "The command, word by word; a single text goes to a shell.",
                         "[curl, -f, \"http://localhost\"]"),
                 {.name = "interval",
                  .type = Type::duration,
                  .doc = "The time between two tests.",
                  .change = restart,
                  .example = "30s"},
                 {.name = "timeout",
                  .type = Type::duration,
                  .doc = "How long one test may take.",
                  .change = restart,
                  .example = "5s"},
                 {.name = "retries",
                  .type = Type::integer,
                  .doc = "How many failures in a row make it unhealthy.",
                  .change = restart,
                  .min = 1,
                  .max = 1000,
                  .example = "3"},
                 {.name = "start_period",
                  .type = Type::duration,
                  .doc = "Failures this soon after the start do not count.",
                  .change = restart,
                  .example = "1m"},
                 flag("enabled", "`false` turns off the test that the image brings.", true,
                      restart)},
      .example = "{ test: [curl, -f, \"http://localhost\"], interval: 30s }"};
}

FieldSchema capabilities_field() {
  const FieldSchema name = {.check = canonical_capability};
  return {.name = "capabilities",
          .type = Type::object,
          .doc = "Linux capabilities that it gets or loses.",
          .change = restart,
          .fields = {set_of(name, "add", "Given to it.", "[NET_ADMIN]"),
                     set_of(name, "drop", "Taken from it.", "[ALL]")},
          .example = "{ add: [NET_ADMIN] }"};
}

std::vector<FieldSchema> behaviour_fields() {
  FieldSchema tags = set_of({}, "tags", "Tags that it carries; others are left alone.", "[media]");
  tags.keyed = true;
  tags.change = ChangeEffect::in_place;
  FieldSchema keys = set_of({}, "ssh_keys", "Public keys that may log in as root.",
                            "[\"ssh-ed25519 AAAA... ana\"]");
  keys.change = ChangeEffect::in_place;
  FieldSchema start =
      flag("start_on_boot", "It starts when its host does.", false, ChangeEffect::in_place);
  return {
      flag("running", "Whether it should run.", true, ChangeEffect::in_place),
      start,
      {.name = "start_order",
       .type = Type::integer,
       .doc = "Lower ones start first when the host does.",
       .min = 0,
       .max = 1000000,
       .example = "2"},
      {.name = "restart",
       .type = Type::choice,
       .doc = "What happens when it ends by itself.",
       .default_value = "no",
       .choices = {"no", "always", "on-failure", "unless-stopped"},
       .example = "unless-stopped"},
      map_of("labels", "Labels. Only the stated ones are looked after.", "{ backup: daily }"),
      tags,
      flag("unprivileged", "Root inside is nobody outside.", true, ChangeEffect::replace),
      flag("privileged", "It may do on the host what root may.", false, restart),
      capabilities_field(),
      set_of({}, "features", "What it may do besides.", "[nesting, keyctl]"),
      healthcheck_field(),
      keys,
  };
}

std::vector<FieldSchema> computed_fields() {
  return {
      {.name = "digest",
       .doc = "The digest of the image that runs.",
       .computed = true,
       .read_only = true,
       .example = "sha256:5f3c..."},
      {.name = "state",
       .doc = "What it does now: running, stopped, restarting.",
       .computed = true,
       .read_only = true,
       .example = "running"},
  };
}

}  // namespace

KindSchema container_kind() {
  KindSchema kind{.name = "container", .section = "containers"};
  kind.doc =
      "A system or application container. It holds data: when its lines go it is kept, unless "
      "`on_remove` says otherwise.";
  for (auto* group : {identity_fields, resource_fields, network_fields, storage_fields,
                      process_fields, behaviour_fields, computed_fields}) {
    for (FieldSchema& field : group()) kind.fields.push_back(std::move(field));
  }
  kind.holds_data = true;
  kind.claims = container_claims;
  kind.settle = settle_container;
  return kind;
}

}  // namespace homeostat
