<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Stream · apache-lite</title>
  <link rel="icon" href="/icon.svg">
  <link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
  <a class="brand" href="/">apache-lite</a>
  <nav>
    <a href="/app/variables.app">Variables</a>
    <a href="/app/form.app">Form</a>
    <a href="/app/upload.app">Upload</a>
    <a href="/app/stream.app" aria-current="page">Stream</a>
    <a href="/htaccess/">.htaccess</a>
    <a href="/httpd.conf">Configuration</a>
  </nav>
</header>
<main>
<h1>Stream</h1>
<p class="lead">The application writes a line every 300&nbsp;ms. The server passes each on at once, so the page grows
while you look at it.</p>
<!-- application -->
</main>
<footer>Served by apache-lite: every page here works without JavaScript and loads nothing from elsewhere.</footer>
</body>
</html>
