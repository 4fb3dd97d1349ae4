<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Upload · apache-lite</title>
  <link rel="icon" href="/icon.svg">
  <link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
  <a class="brand" href="/">apache-lite</a>
  <nav>
    <a href="/app/variables.app">Variables</a>
    <a href="/app/form.app">Form</a>
    <a href="/app/upload.app" aria-current="page">Upload</a>
    <a href="/app/stream.app">Stream</a>
    <a href="/htaccess/">.htaccess</a>
    <a href="/httpd.conf">Configuration</a>
  </nav>
</header>
<main>
<h1>Upload</h1>
<p class="lead">Choose files of any size. They stream through the server and the application, which counts and
hashes the bytes as they come; neither holds a whole file, and nothing is stored.</p>
<!-- application -->
<form method="post" action="/app/upload.app" enctype="multipart/form-data" accept-charset="utf-8">
  <label>Files <input type="file" name="file" multiple></label>
  <label>A remark <input name="remark" maxlength="200"></label>
  <button>Upload</button>
</form>
</main>
<footer>Served by apache-lite: every page here works without JavaScript and loads nothing from elsewhere.</footer>
</body>
</html>
