<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Form · apache-lite</title>
  <link rel="icon" href="/icon.svg">
  <link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
  <a class="brand" href="/">apache-lite</a>
  <nav>
    <a href="/app/variables.app">Variables</a>
    <a href="/app/form.app" aria-current="page">Form</a>
    <a href="/app/upload.app">Upload</a>
    <a href="/app/stream.app">Stream</a>
    <a href="/htaccess/">.htaccess</a>
    <a href="/httpd.conf">Configuration</a>
  </nav>
</header>
<main>
<h1>Form</h1>
<p class="lead">A plain form. The request's body travels to the application as FastCGI standard input.</p>
<!-- application -->
<form method="post" action="/app/form.app" accept-charset="utf-8">
  <label>Your name <input name="name" autocomplete="name" maxlength="100"></label>
  <label>Favourite directive
    <select name="directive">
      <option>SetHandler</option>
      <option>ProxyPass</option>
      <option>RewriteRule</option>
      <option>FilesMatch</option>
      <option>Require</option>
    </select>
  </label>
  <label>A few words <textarea name="words" rows="4" maxlength="2000"></textarea></label>
  <button>Send</button>
</form>
</main>
<footer>Served by apache-lite: every page here works without JavaScript and loads nothing from elsewhere.</footer>
</body>
</html>
