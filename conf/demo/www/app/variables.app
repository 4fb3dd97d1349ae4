<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Variables · apache-lite</title>
  <link rel="icon" href="/icon.svg">
  <link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
  <a class="brand" href="/">apache-lite</a>
  <nav>
    <a href="/app/variables.app" aria-current="page">Variables</a>
    <a href="/app/form.app">Form</a>
    <a href="/app/upload.app">Upload</a>
    <a href="/app/stream.app">Stream</a>
    <a href="/htaccess/">.htaccess</a>
    <a href="/httpd.conf">Configuration</a>
  </nav>
</header>
<main>
<h1>Variables</h1>
<p class="lead">What the server told the application about this request. Change the address, say
<a href="/app/variables.app/some/path?q=1"><code>variables.app/some/path?q=1</code></a>, and see
<code>PATH_INFO</code> and <code>QUERY_STRING</code> follow.</p>
<!-- application -->
</main>
<footer>Served by apache-lite: every page here works without JavaScript and loads nothing from elsewhere.</footer>
</body>
</html>
