#include "reconciler/report/layout.hpp"

#include <algorithm>

#include "reconciler/report/cells.hpp"

namespace homeostat {
namespace {

constexpr std::size_t symbol_width = 3;  // "-/+"
constexpr std::size_t gap = 2;
constexpr std::size_t least_change_width = 40;
constexpr std::size_t least_value_width = 12;

const char* ansi(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::quiet:
      return "\x1b[2m";
    case Tone::good:
      return "\x1b[32m";
    case Tone::change:
      return "\x1b[33m";
    case Tone::drift:
      return "\x1b[35m";
    case Tone::bad:
      return "\x1b[31m";
  }
  return "";
}

std::size_t columns(const TextStyle& style) {
  return static_cast<std::size_t>(std::max(style.width, 40));
}

struct Table {
  std::size_t address = 0;  // width of the column
  std::size_t change = 0;   // where it starts
  std::size_t room = 0;     // from there to the edge
  std::size_t cause = 0;    // where it starts, counted from the change column; 0: always below
};

// The lines of one difference. Where "a -> b" does not fit, b stands below a.
std::vector<std::string> fitted(const Phrase& phrase, std::size_t room, bool verbose) {
  const std::string whole = to_string(phrase);
  if (text_width(whole) <= room) return {whole};
  if (verbose || phrase.right.empty()) return wrap(whole, room);
  // The columns that a value has beside these words; a head that leaves too few stands alone.
  const auto beside = [&](const std::string& words) {
    return room - std::min(room - least_value_width, text_width(words));
  };
  const std::string lead = phrase.head.empty() ? "" : phrase.head + " ";
  const bool alone = text_width(lead) + least_value_width > room;
  const std::size_t first = alone ? room : beside(lead);
  std::vector<std::string> out;
  if (alone) out.push_back(phrase.head);
  if (phrase.left.empty()) {
    out.push_back((alone ? "" : lead) + cut_middle(phrase.right, first));
    return out;
  }
  // Of ", should be " the comma ends the first line, the words begin the second.
  const bool comma = phrase.joint.front() == ',';
  const std::string joint = phrase.joint.substr(phrase.joint.find_first_not_of(", "));
  const std::size_t width = std::min(first - (comma ? 1 : 0), beside(joint));
  const auto [left, right] = cut_pair(phrase.left, phrase.right, width);
  out.push_back((alone ? "" : lead) + left + (comma ? "," : ""));
  out.push_back(joint + right);
  return out;
}

std::vector<std::vector<std::string>> fit_all(const Row& row, std::size_t room, bool verbose) {
  std::vector<std::vector<std::string>> out;
  out.reserve(row.lines.size());
  for (const Line& line : row.lines) out.push_back(fitted(line.phrase, room, verbose));
  return out;
}

// Takes the cause column that most rows fit beside.
std::size_t best_cause_column(const std::vector<Row>& rows, std::size_t room, bool verbose) {
  std::vector<std::size_t> from(room + 1, 0);  // a cause may stand there, and further right ...
  std::vector<std::size_t> to(room + 2, 0);    // ... up to here
  for (const Row& row : rows) {
    for (const Line& line : row.lines) {
      const std::size_t change = text_width(fitted(line.phrase, room, verbose).front()) + gap;
      const std::size_t cause = text_width(line.cause.text);
      if (cause == 0 || change + cause > room) continue;
      ++from[change];
      ++to[room - cause + 1];
    }
  }
  std::size_t best = 0;
  std::size_t most = 0;
  std::size_t fit = 0;
  for (std::size_t at = 0; at <= room; ++at) {
    fit += from[at];
    fit -= to[at];
    if (fit > most) {
      most = fit;
      best = at;
    }
  }
  return best;
}

Table measure(const std::vector<Row>& rows, const TextStyle& style) {
  const std::size_t width = columns(style);
  const std::size_t fixed = symbol_width + 1 + gap;
  const std::size_t cap = width - fixed - std::min(least_change_width, (width - fixed) / 2);
  Table table;
  for (const Row& row : rows) {
    const std::size_t has = text_width(row.address);
    if (has <= cap) table.address = std::max(table.address, has);
  }
  table.change = fixed + table.address;
  table.room = width - table.change;
  table.cause = best_cause_column(rows, table.room, style.verbose);
  return table;
}

// The cause beside the first line of its change where it fits there, else below the last.
void add_change(std::vector<std::string>& out, const Line& line, std::vector<std::string> change,
                const Table& table, bool color) {
  const std::string& cause = line.cause.text;
  if (!cause.empty() && !line.same_cause) {
    const std::size_t has = text_width(change.front());
    const std::size_t at = std::max(table.cause, has + gap);
    if (at + text_width(cause) <= table.room) {
      change.front() = padded(change.front(), at) + painted(cause, line.cause.tone, color);
    } else {
      for (const std::string& part : wrap(cause, table.room)) {
        change.push_back(painted(part, line.cause.tone, color));
      }
    }
  }
  for (std::string& part : change) out.push_back(std::move(part));
}

void add_row(std::string& out, const Row& row, const Table& table, const TextStyle& style) {
  std::vector<std::string> right;
  std::vector<std::vector<std::string>> changes = fit_all(row, table.room, style.verbose);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    add_change(right, row.lines[i], std::move(changes[i]), table, style.color);
  }
  for (const std::string& note : row.notes) {
    for (std::string& part : wrap(note, table.room)) right.push_back(std::move(part));
  }
  if (!row.held.empty()) {
    for (std::string& part : wrap(row.held, table.room)) right.push_back(std::move(part));
  }
  out.append(symbol_width - std::min(symbol_width, text_width(row.symbol)), ' ');
  out += painted(row.symbol, row.tone, style.color) + " ";
  std::size_t next = 0;
  if (text_width(row.address) > table.address) {
    out += row.address + "\n";
  } else if (right[next].empty()) {
    out += row.address + "\n";
    ++next;
  } else {
    out += padded(row.address, table.address + gap) + right[next++] + "\n";
  }
  for (; next < right.size(); ++next) {
    out += std::string(table.change, ' ') + right[next] + "\n";
  }
}

}  // namespace

std::string painted(const std::string& text, Tone tone, bool color) {
  if (!color || tone == Tone::plain || text.empty()) return text;
  return ansi(tone) + text + "\x1b[0m";
}

std::string lay_out(const std::vector<Row>& rows, const TextStyle& style) {
  const Table table = measure(rows, style);
  std::string out;
  for (const Row& row : rows) add_row(out, row, table, style);
  return out;
}

std::string title_line(std::vector<Words> left, const std::string& right, const TextStyle& style) {
  std::size_t used = 0;
  std::string line;
  for (const Words& piece : left) {
    line += (line.empty() ? "" : "   ") + painted(piece.text, piece.tone, style.color);
    used += text_width(piece.text) + (used == 0 ? 0 : 3);
  }
  const auto width = static_cast<std::size_t>(std::max(style.width, 20));
  if (used + 3 + text_width(right) <= width) {
    return line + std::string(width - used - text_width(right), ' ') + right + "\n";
  }
  if (used <= width) return line + "\n" + flow({{right}}, style);
  left.push_back({right});
  return flow(left, style);
}

std::string lay_out(const ScopeWords& scopes, const TextStyle& style) {
  std::vector<Words> beside;
  for (const std::string& seen : scopes.seen) beside.push_back({seen});
  // One may stand beside what is known; several each have their line.
  const bool several = scopes.unknown.size() > 1;
  if (scopes.unknown.size() == 1) beside.push_back({scopes.unknown.front(), Tone::bad});
  std::string out = flow(beside, style);
  if (several) {
    for (const std::string& one : scopes.unknown) out += flow({{one, Tone::bad}}, style);
  }
  return out;
}

std::string stop_lines(const std::vector<std::string>& stops, const TextStyle& style) {
  if (stops.empty()) return "";
  std::string out = painted("STOPPED: nothing will be written", Tone::bad, style.color) + "\n";
  for (const std::string& stop : stops) out += paragraph("  - ", printable(stop), style.width);
  return out;
}

std::string parted(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    if (!out.empty()) out += "\n";
    out += part;
  }
  return out;
}

std::string paragraph(const std::string& lead, const std::string& text, int width) {
  const std::size_t indent = text_width(lead);
  const auto edge = static_cast<std::size_t>(std::max(width, 20));
  const std::size_t room = edge - std::min(indent, edge / 2);
  std::string out = lead;
  bool first = true;
  for (const std::string& line : wrap(text, room)) {
    if (!first) out += std::string(indent, ' ');
    out += line + "\n";
    first = false;
  }
  return out;
}

std::string flow(const std::vector<Words>& pieces, const TextStyle& style) {
  const std::size_t width = columns(style);
  std::string out;
  std::size_t used = 0;
  for (const Words& piece : pieces) {
    const std::size_t has = text_width(piece.text);
    if (used > 0 && used + 3 + has <= width) {
      out += "   " + painted(piece.text, piece.tone, style.color);
      used += 3 + has;
      continue;
    }
    if (used > 0) out += "\n";
    bool first = true;
    for (const std::string& line : wrap(piece.text, width - 6)) {
      out += (first ? "  " : "\n      ") + painted(line, piece.tone, style.color);
      used = (first ? 2 : 6) + text_width(line);
      first = false;
    }
  }
  return pieces.empty() ? out : out + "\n";
}

}  // namespace homeostat
