--- code: how lines of program code begin and end that stand in no fence (stages/style.lua). A line of prose may do so
-- too; a text is code where many of its lines do.

return {
  starts = {
    "#include", "#!/", "import ", "from __future__", "package ", "using namespace", "namespace ", "def ", "class ",
    "fn ", "func ", "function ", "public ", "private ", "protected ", "static ", "const ", "let ", "var ", "int main",
    "return ", "return;", "if (", "if(", "for (", "for(", "while (", "while(", "switch (", "case ", "else {", "} else",
    "elif ", "else:", "try:", "try {", "except ", "catch ", "print(", "console.", "System.out", "std::", "//", "/*",
    "*/",
    "SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "CREATE TABLE", "FROM ", "WHERE ", "GROUP BY",
    "ORDER BY",
    "<!DOCTYPE", "<?", "<html", "<head", "<body", "<div", "<script", "</", "<link", "<meta", "@", "$ ",
  },
  ends = { ";", "{", "}", "};", "});", "*/", "/>", "</a>", "</p>", "</li>", "</div>" },
}
