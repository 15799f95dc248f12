"""What browsers load has lost its comments and indentation, and nothing else."""

import pytest

from cxhub.static_files import TextOverLinesError, is_ours, stripped


def test_comments_and_indentation_go_and_the_code_stays() -> None:
    script = """\
"use strict";
// What this is for.
(() => {
  /** The contract,
   *  over lines. */
  const url = "https://example.com"; // why
  const same = " // not a comment";  // what's more
  const found = /\\/\\/ a/.test(url) ? `a // ${url}` : 'b // c';

  return 1 /* here */ + 2;
})();
"""
    assert stripped(script, suffix=".js") == (
        '"use strict";\n(() => {\nconst url = "https://example.com";\nconst same = " // not a comment";'
        "  // what's more\nconst found = /\\/\\/ a/.test(url) ? `a // ${url}` : 'b // c';\n"
        "return 1 /* here */ + 2;\n})();\n"
    )


def test_two_comments_on_their_own_lines_do_not_take_the_code_between() -> None:
    assert stripped("/* a */ one();\ntwo();\n/* b */\n", suffix=".js") == "/* a */ one();\ntwo();\n"


def test_a_style_sheet_keeps_what_looks_like_a_script_comment() -> None:
    style = '/* Head. */\n@layer a {\n  b, i { background: url(//c); content: " ; "; }\n\n  /* d */\n}\n'
    assert stripped(style, suffix=".css") == '@layer a{b,i{background: url(//c);content: " ; "}}'


@pytest.mark.parametrize("script", ["a = `one\n  two`;\n", 'a = "one \\\n  two";\n'])
def test_a_text_over_several_lines_is_refused(script: str) -> None:
    with pytest.raises(TextOverLinesError):
        stripped(script, suffix=".js")


def test_what_others_wrote_is_left_as_it_came() -> None:
    assert is_ours("app.js")
    assert is_ours("app.css")
    assert not is_ours("vendor/htmx-4.0.1.min.js")
    assert not is_ours("rest_framework/js/default.js")
    assert not is_ours("i.svg")
