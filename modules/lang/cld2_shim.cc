/* modules/lang/cld2_shim.cc - CLD2 is C++. Its tables are static and its calls keep no state. */
#include <cstdio>
#include <cstring>

extern "C" {
#include "lang/lang.h"
}

#ifdef HAVE_CLD2
#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

namespace {

/* CLD2 has a few codes that ISO 639 has withdrawn. */
void put_code(char out[LANG_CODE_SIZE], CLD2::Language language) {
  static const char *const NEWER[][2] = { { "iw", "he" }, { "in", "id" }, { "ji", "yi" }, { "jw", "jv" },
                                          { "mo", "ro" } };
  const char *code = CLD2::LanguageCode(language);
  for (const auto &pair : NEWER)
    if (std::strcmp(code, pair[0]) == 0) code = pair[1];
  std::strncpy(out, code, LANG_CODE_SIZE - 1);
  out[LANG_CODE_SIZE - 1] = '\0';
}

}  // namespace

extern "C" int lang_available(void) { return 1; }
extern "C" const char *lang_version(void) { return CLD2::DetectLanguageVersion(); }

extern "C" int lang_known(int i, char code[LANG_CODE_SIZE], const char **name) {
  if (i < 0 || i >= CLD2::NUM_LANGUAGES) return 0;
  CLD2::Language language = static_cast<CLD2::Language>(i);
  *name = CLD2::LanguageName(language);
  put_code(code, language);
  bool none = language == CLD2::UNKNOWN_LANGUAGE || language == CLD2::TG_UNKNOWN_LANGUAGE ||
              std::strncmp(*name, "X_", 2) == 0 || std::strncmp(code, "xx", 2) == 0 || std::strcmp(code, "un") == 0;
  if (none) code[0] = '\0';
  return 1;
}

extern "C" LangResult lang_detect(Span masked) {
  LangResult r = {};
  std::strcpy(r.code, "und");
  CLD2::Language language[3];
  int percent[3], text_bytes = 0;
  double score[3];
  bool reliable = false;
  const CLD2::CLDHints hints = { nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE };
  try {
    CLD2::ExtDetectLanguageSummary(masked.ptr, static_cast<int>(masked.len), true, &hints, 0, language,
                                   percent, score, nullptr, &text_bytes, &reliable);
  } catch (...) {
    return r;
  }
  int n = 0;
  for (int i = 0; i < 3; i++) {
    if (language[i] == CLD2::UNKNOWN_LANGUAGE || percent[i] <= 0) continue;
    put_code(r.share[n].code, language[i]);
    r.share[n++].share = percent[i] / 100.0;
  }
  r.reliable = reliable;
  if (reliable && n > 0 && language[0] != CLD2::UNKNOWN_LANGUAGE) {
    std::memcpy(r.code, r.share[0].code, LANG_CODE_SIZE);
    r.confidence = r.share[0].share;
  }
  return r;
}

#else

extern "C" int lang_available(void) { return 0; }
extern "C" const char *lang_version(void) { return nullptr; }
extern "C" int lang_known(int, char *, const char **) { return 0; }
extern "C" LangResult lang_detect(Span) {
  LangResult r = {};
  std::strcpy(r.code, "und");
  return r;
}

#endif
