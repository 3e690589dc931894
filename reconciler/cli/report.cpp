// What a scheduled report says, now and by hand.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>

#include "reconciler/cli/cli.hpp"
#include "reconciler/cli/saved.hpp"
#include "reconciler/report/digest.hpp"

namespace homeostat::cli {
namespace {

constexpr std::size_t runs_shown = 10;
constexpr auto closed_shown = std::chrono::days(7);

struct ReportFlags {
  PlanOptions options;
  bool json = false;
  bool markdown = false;
  bool html = false;
  bool text = false;
  std::vector<std::string> include = {"drift", "incidents", "unmanaged", "history"};
  std::string out;
};

std::string rendered(const Digest& digest, const ReportFlags& flags, TextStyle style) {
  if (flags.json) return json_text(render_json(digest), 2) + "\n";
  if (flags.markdown) return render_markdown(digest);
  if (flags.html) return render_html(digest);
  if (!flags.out.empty()) style.color = false;
  return render_text(digest, style);
}

// In one step: who serves or mails the file never gets half of it.
Status write_whole(const std::string& path, const std::string& text) {
  const std::string aside = path + ".new";
  std::error_code code;
  {
    std::ofstream file(aside, std::ios::binary | std::ios::trunc);
    file << text;
    if (file.flush()) std::filesystem::rename(aside, path, code);
    if (file && !code) return {};
  }
  std::error_code ignored;
  std::filesystem::remove(aside, ignored);
  return fail(ErrorKind::invalid_spec, "the report cannot be written to " + path,
              "name a file in a folder that is there and may be written to");
}

Result<Digest> digest_of(const Round& round, const ReportFlags& flags, int utc_offset_minutes) {
  DigestInput input = {.plan = round.planned.plan, .spec = round.spec, .parts = {}};
  input.utc_offset_minutes = utc_offset_minutes;
  for (const std::string& name : flags.include) {
    if (const auto part = digest_part(name)) input.parts.insert(*part);
  }
  if (round.ledger && input.parts.contains(DigestPart::history)) {
    TRY_ASSIGN(input.runs, round.ledger->history(std::nullopt, runs_shown));
  }
  if (round.ledger && input.parts.contains(DigestPart::incidents)) {
    TRY_ASSIGN(const auto incidents, round.ledger->incidents(Time{}));
    for (const Incident& incident : incidents) input.incidents.push_back(digest_incident(incident));
    input.closed_since = now() - closed_shown;
  }
  return make_digest(std::move(input));
}

int report(const Global& global, const ReportFlags& flags) {
  Request request = request_of(global);
  request.options = flags.options;
  request.record = true;
  return with_round(request, [&](Round& round) {
    const TextStyle style = style_of(global);
    const auto digest = digest_of(round, flags, style.utc_offset_minutes);
    if (!digest) return print_error(digest.error());
    const std::string text = rendered(*digest, flags, style);
    if (flags.out.empty()) {
      print(text);
    } else if (const Status written = write_whole(in_directory(global, flags.out), text);
               !written) {
      return print_error(written.error());
    }
    // As `drift` does: a difference that is new begins now.
    const Status recorded = record_agreement(round, round.planned, false);
    return recorded ? digest->exit_code : print_error(recorded.error());
  });
}

}  // namespace

void add_report(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb = add_verb(
      app, global,
      {.name = "report",
       .brief = "Show how things stand: drift and more, to pass on.",
       .more =
           "What a scheduled report says, now and by hand: drift, incidents, what is live "
           "and not declared, the last changes. The page of --html needs nothing besides itself. "
           "Changes nothing live; exit codes as of `drift`.",
       .examples = "  homeostat report\n"
                   "  homeostat report --html --out /var/www/html/homelab.html\n"
                   "  homeostat report --markdown --include drift,incidents\n"});
  auto flags = std::make_shared<ReportFlags>();
  add_revision_options(*verb, global);
  add_filter_options(*verb, flags->options);
  auto* text = verb->add_flag("--text", flags->text, "as text, 80 columns wide (the default)");
  auto* html = verb->add_flag("--html", flags->html, "as one page for a browser, or for paper");
  auto* markdown = verb->add_flag("--markdown", flags->markdown, "as Markdown");
  auto* json = verb->add_flag("--json", flags->json, "as JSON (report.schema.json)");
  text->excludes(html)->excludes(markdown)->excludes(json);
  html->excludes(markdown)->excludes(json);
  markdown->excludes(json);
  verb->add_option("--include", flags->include,
                   "the parts: drift, incidents, unmanaged, history (default: all)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"drift", "incidents", "unmanaged", "history"}))
      ->type_name("PARTS");
  verb->add_option("--out", flags->out, "write it to this file, in one step")->type_name("FILE");
  verb->callback([&global, &command, flags] {
    command = [&global, flags] { return report(global, *flags); };
  });
}

}  // namespace homeostat::cli
