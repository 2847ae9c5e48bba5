"""The patterns of asides: greetings and thanks, contact data, signatures, company presentations, and forms.

All are for normalised texts: Simplified Chinese, lower case, half-width punctuation, tick boxes as ``□``. Each is part
of a regular expression that matches a whole clause or nothing: a clause that also says something else is not an aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

_SPACE: Final = r"[ \t]*+"
_END: Final = r"[ ~]*(?=[\n,。;!?]|\.(?!\S)|\Z)"  # the end of a clause
_SENTENCE_END: Final = r"[ ~]*(?=[\n。;!?]|\.(?!\S)|\Z)"
_LINE_END: Final = r"[ ,。;!.~]*(?=\n|\Z)"
_REST: Final = r"(?:[^,。;!?\n.]|\.(?=\S))"  # a character of a clause
# A clause with one of these words may state a need, whatever else it says.
_NEED: Final = (
    r"需[要求用]|急需|解决|问题|难[题点以]|困难|瓶颈|希望|想[要用把找做]|寻[找求]|求购|攻关|无法|不[能够足高稳良好]"
    r"|缺[乏少陷]|如何"
    r"|怎[么样]|提[高升]|降低|减少|改[善进]|优化|避免|防止|突破|开裂|变形|故障|失效|误[报差]|偏[低高差]"
    r"|过[高低大小]|波动"
    r"|\bneeds?\b|\bproblem|\bissue|\bsolve|\bhow to\b|\bcannot\b|\bcan't\b|\bunable|\bimprove|\breduc|\bfail|\bcrack"
    r"|\blooking for\b|\bseek|\bwant|\bdefect|\bwould like\b"
)
_NO_NEED: Final = rf"(?!{_REST}*?(?:{_NEED}))"
_NO_NEED_IN_LINE: Final = rf"(?![^\n]*?(?:{_NEED}))"


def _words(text: str) -> str:
    """A pattern of alternatives, the longest first, so that a possessive repetition takes as much as it can."""
    return "|".join(sorted(text.split(), key=len, reverse=True))


# ---- courtesies ----------------------------------------------------------------------------------------------------
_PEOPLE: Final = _words(
    """
    老师 先生 女士 小姐 专家 专家们 领导 领导们 教授 主任 经理 院长 博士 同志 同仁 朋友 朋友们 各位 大家 您 你 你们
    您们 贵方 贵院 贵所 贵司 贵公司 贵单位 贵中心 贵校 贵平台 贵联盟 联盟 平台 工作人员 我 我们 我司 我公司 我方
    我厂
    """
)
_COURTEOUS: Final = _words(
    """
    感谢 谢谢 多谢 谢了 非常 十分 万分 衷心 由衷 再次 先 特此 在此 表示 了 啦 的 地 对 给予 提供 支持 帮助 关注 关心
    配合 协助 阅读 时间 宝贵 机会 解答 答复 回复 复 回信 回音 回电 来电 来信 来函 百忙之中 百忙中 在百忙之中 抽空
    抽出 耐心 理解 关照 厚爱 一直以来 长期以来 大力 不胜感激 感激 感激不尽 打扰 打扰了 不好意思 抱歉 冒昧 辛苦
    辛苦了 麻烦 麻烦了 拜托 拜托了 期待 盼 盼望 静候 等候 恭候 敬候 佳音 早日 尽快 尽早 及时 随时 敬请 请 望 万望
    为盼 为感 为荷 谅解 见谅 指教 指导 赐教 批评指正 与 和 能 能够 合作 愉快 联系 联络 欢迎 垂询 咨询 洽谈 来访 莅临
    各界 以上 就这些 特此函询 特此函达 特此 商祺 敬颂 顺颂 顺祝 此致 敬礼 祝 祝好 安好 夏安 秋安 冬安 春安 台安
    工作顺利 生活愉快 身体健康 万事如意 一切顺利 生意兴隆 事业顺利 工作愉快 阖家幸福 ! 、
    """
)
_COURTESY_CORE: Final = (
    r"谢|感激|打扰|不好意思|抱歉|冒昧|辛苦|麻烦|拜托|期待|盼|静候|恭候|敬候|敬请|请|欢迎|以上|就这些|特此|商祺|此致"
    r"|敬礼|祝"
    r"|为荷|工作顺利|生活愉快|身体健康|万事如意|夏安|秋安|冬安|春安|台安"
)
_HELLO: Final = (
    r"(?:您们?|你们?|大家|各位(?:\w{0,4})|(?:早上|上午|中午|下午|晚上)|(?:老师|专家|领导|经理|主任|教授)们?)好[呀啊]?"
)
_COURTESIES: Final = (
    rf"(?:(?:尊敬|亲爱)的\w{{0,14}}(?:{_PEOPLE})(?:{_SPACE}(?:您|你|你们|大家)好)?:?"
    rf"|(?:\w{{1,8}}(?:{_PEOPLE}))?{_SPACE}{_HELLO}:?"
    rf"|(?:各位|诸位)\w{{0,8}}(?:{_PEOPLE}):?|\w{{1,6}}(?:工|总|经理|老师|教授|主任|先生|女士|博士|院长"
    rf"|所长)[,:] ?(?:您|你)好|在吗|请问在吗|敬启者:?)"
    rf"|(?={_REST}{{0,30}}?(?:{_COURTESY_CORE}))(?:(?:{_COURTEOUS}|{_PEOPLE}) ?){{1,40}}+"
)
_HELLO_PREFIX: Final = r"(?:您好|你好)[~ ]*(?=[我请咱本想贵])"  # 您好我司…
_TALK: Final = (
    r"(?:以上|具体|其他|其它|更多|详细|相关|如需|如|若|若您?|如您?|有|有意|有兴趣|有意向|有疑问|感兴趣|兴趣|意向"
    r"|疑问|了解|的|者|请|可|烦请|敬请"
    r"|欢迎|随时|直接|尽快|及时|与|和|向|我们?|我司|我公司|本人|我方|您|专家|团队|单位|高校|院所|机构|事宜|信息"
    r"|详情|资料|细节|情况|内容|联系"
    r"|联络|咨询|致电|来电|垂询|面谈|电联|沟通|洽谈|拨打|扫码|添加|加|微信|电话|邮件|邮箱|或|发|至|到|通过|登录"
    r"|访问|官网|网站|见|参见|详见|附件"
    r"|请见|\w{1,3}(?:工|总|经理|先生|女士|主任)|:|、|\(|\)| |1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}-\d{7,8}"
    r"|\S{1,40}@[\w.-]{3,40})"
)
_INVITATIONS: Final = (
    rf"(?={_REST}{{0,40}}?(?:联系|联络|咨询|致电|来电|面谈|电联|附件|垂询|洽谈|拨打|沟通))(?:{_TALK}){{1,60}}+|(?:如"
    rf"|若)(?:您|贵[方院校司])?(?:[有感])(?:合作)?(?:兴趣|意向|意|需要|疑问)(?:者|的话)?"
)
_ENGLISH_COURTESIES: Final = (
    r"dear(?: (?:sirs?|madam|or|and|all|team|colleagues|friends|experts?|prof|professor|dr|mr|mrs"
    r"|ms)\b\.?)+(?: [a-z-]+){0,2}|dear(?: [a-z-]+){0,2}(?=,)|to whom it may concern"
    r"|(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings)"
    r"(?: (?:all|there|team|everyone|everybody|sir|madam|sirs|or|colleagues|friends|folks)"
    r"| (?:mr|ms|mrs|dr|prof|professor)\.? [a-z-]+| [a-z]+(?=,|!))*"
    r"|(?:many |with )?(?:thanks|thank you|thx)(?: so| very| much| a lot| in advance| again| and| best| kind| regards"
    r"| for (?:your|the|any|all your|all) (?:kind |prompt |great |valuable )?(?:help|time|support|attention|reply"
    r"|consideration"
    r"|assistance|reading|patience|cooperation|interest|advice|understanding|response|feedback"
    r"|opportunity)(?: and (?:time|help"
    r"|support|attention|consideration|patience))?)*"
    r"|(?:(?:we|i)(?: are| am)? )?look(?:ing)? forward to (?:hearing|your|working|receiving|meeting|a reply"
    r"|an answer|seeing)"
    r"(?: (?:from|with|you|your|reply|answer|response|soon|back|team|feedback|again|to|me|us))*"
    r"|(?:i |we )?hope (?:this (?:e-?mail |message )?finds you|you are(?: doing)?|you're(?: doing)?|all is) well"
    r"|(?:please )?(?:feel free to |do not hesitate to |don't hesitate to )?(?:contact|call|email|reach|reply to)"
    r" (?:us|me|our office|the undersigned)(?: (?:at|by|via|on|for|with|any|time|anytime|if|you|have|questions|more"
    r"|further"
    r"|information|details|directly|phone|e-?mail|or|\S+@\S+|\+?\d[\d-]{3,}))*"
    r"|(?:for|if you need) (?:more|further|additional) (?:information|details)(?: please)?"
    r"|sorry (?:to bother|to trouble|for (?:bothering|troubling|the inconvenience|disturbing))(?: you)?"
    r"|any help (?:is|would be) (?:much |greatly |highly )?appreciated|much appreciated|please advise"
    r"|please see attached"
)
# ---- how a message ends --------------------------------------------------------------------------------------------
_CLOSINGS: Final = (
    r"(?:with |my )?(?:best|kind|kindest|warm|warmest|many)?(?: and)? ?(?:regards|greetings)"
    r"|yours(?: very)? (?:sincerely|faithfully"
    r"|truly)|(?:yours )?sincerely(?: yours)?|respectfully|cheers|all the best|best wishes|best|thanks|many thanks"
    r"|thank you"
    r"|此致 *\n? *敬礼|此致|敬礼|敬颂商祺|顺颂商祺|顺祝商祺|顺颂\w{2}|祝好|祝商祺|谢谢|\w{2,10}(?:敬上|谨上|谨启"
    r"|敬启|谨呈|拜上)"
)
_JOB: Final = (
    r"\b(?:manager|director|engineer|officer|head of|chief|ceo|cto|cfo|coo|president|founder|sales|marketing"
    r"|department|dept"
    r"|division|team|talent|recruit(?:er|ment)|human resources|assistant|secretary|coordinator|consultant"
    r"|specialist|executive"
    r"|ltd|limited|inc|gmbh|llc|corp|co\.|company|university|institute|group|holdings|road|street|avenue|building"
    r"|floor|block|tower"
    r"|p\.?o\.? ?box|hong kong|shenzhen|guangzhou|china)\b"
)
_POST: Final = (
    r"(?:公司|集团|厂|研究院|研究所|中心|大学|学院|事业部|部门?|科|处|室|课|总经理|经理|主管|工程师|总监|主任|部长"
    r"|厂长|科长|处长|总裁|董事长"
    r"|法人代表?|助理|专员|秘书|代表|先生|女士|工|总|路\d+号|[省市区县镇]\S{0,30}[号楼室座园])"
)
_PHONE: Final = (
    r"(?:\+?(?:86|852|853|886)[ -]?)?(?:1[3-9]\d[ -]?\d{4}[ -]?\d{4}|\(?0\d{2,3}\)?[ -]?\d{7,8}(?:[-转 ]{1,3}\d{1,5})?"
    r"|400[ -]?\d{3,4}[ -]?\d{3,4}|\d{4}[ -]\d{4}(?!\d))"
)
_DATE: Final = (
    r"(?:19|20)\d{2} ?(?:年|[-/.]) ?\d{1,2} ?(?:月|[-/.]) ?(?:\d{1,2} ?日?)?(?:\(?(?:星期|周)[一二三四五六日天]\)?)?"
)
_AFTER_CLOSING: Final = (
    rf"(?:\n{_SPACE}(?:[a-z][a-z.' -]{{1,40}}|[\u4e00-\u9fff]{{2,4}}"
    rf"|[\u4e00-\u9fff]{{2,4}} ?\|[^\n]{{1,30}}){_LINE_END})?+"
    rf"(?:\n{_SPACE}(?=[^\n]{{1,80}}(?:\n|\Z)){_NO_NEED_IN_LINE}(?:(?=[^\n]*(?:{_JOB}|@|www\.|{_PHONE}))[^\n]+"
    rf"|[^\n,。;:]{{0,40}}{_POST}{_LINE_END}|{_DATE}{_LINE_END}))*+"
)
_SIGNATURES: Final = rf"(?:{_CLOSINGS})[,!。. ~]*+(?=\n|\Z){_AFTER_CLOSING}"
_FOOTERS: Final = (
    r"(?:this|the information in this|the contents of this) (?:e-?mail|message|communication"
    r"|transmission)[^\n]{0,400}?(?:confidential|intended"
    r"|privileged)[^\n]*|if you (?:are not the intended|have received this)[^\n]*"
    r"|please consider the environment[^\n]*"
    r"|sent from (?:my|mail for)[^\n]{0,60}|get outlook for[^\n]{0,60}|发自我的\w{1,20}|发自\w{0,8}(?:邮箱"
    r"|手机)(?:大师)?"
    r"|(?:本|此)(?:邮件|电子邮件|信息)(?:及其?附件)?[^\n]{0,60}?(?:保密|机密|收件人|指定)[^\n]*"
    r"|如(?:果)?(?:您|你)?(?:误收|错收|不是)[^\n]{0,40}(?:邮件|收件人)[^\n]*|unsubscribe[^\n]{0,80}"
    r"|-{2,}\s?(?:original message|forwarded message|原始邮件|转发邮件\w{0,4}|回复的原邮件)\s?-{0,}"
    r"|on [^\n]{5,100} wrote:|(?:在|于)[^\n]{5,80}写道:|[^\n]{2,60}于[^\n]{5,40}写道:"
    r"|(?:发件人|寄件人|寄件者|收件人|收件者|抄送|密送|发送时间|发送日期|寄件日期):[^\n]{0,200}"
    r"|(?:from|to|cc|bcc|reply-to): ?[^\n]{0,120}@[^\n]{0,200}|(?:sent|date): ?[^\n]{0,30}\d{4}[^\n]{0,30}"
)
# ---- contact data --------------------------------------------------------------------------------------------------
_WEB: Final = r"(?:https?://|www\.)[^\s,;。]{3,200}"
_NAME: Final = (
    r"(?:[\u4e00-\u9fff]{2,4}(?![\u4e00-\u9fff])|[\u4e00-\u9fff]{1,3}(?:工|总|经理|先生|女士|小姐|主任|老师|部长"
    r"|厂长|博士|教授))"
)
_CONTACT_PIECES: Final = (
    r"(?:(?:联系|联络)(?:电话|手机|方式)|电话|手机(?:号码?)?|座机|固话|传真|热线|tel|telephone|phone|mobile|cell"
    r"|fax|whatsapp)"
    rf"(?:\(\w{{1,6}}\)|/(?:微信|传真|手机|fax))?[.:]? *(?:{_PHONE}|\+?[\d(][\d ()+-]{{6,24}}(?<=\d)"
    rf"|(?<=:)(?= *(?:\n|\Z)))"
    r"|(?:电子邮箱|电子邮件|邮箱|邮件|电邮|联系邮箱|e-?mail|mail)[: ]+[^\s,;。]{1,64}@[^\s,;。]{3,64}"
    r"|(?:微信号?|wechat(?: id)?|qq|公众号)(?:\(\w{1,6}\))?[: ]+(?:[a-z0-9_-]{5,24}|同手机号?|同号"
    r"|(?<=公众号:)\w{2,20})"
    rf"|(?:官方网站|官网|公司网址|网址|网站|web|website|homepage)[: ]+(?:{_WEB}|[a-z0-9-]+(?:\.[a-z0-9-]+)+\S{{0,60}})"
    r"|邮编[: ]*\d{6}"
    rf"|(?:项目|技术|企业|单位)?(?:联系人?|联络人|负责人|对接人|填表人|填报人|经办人|contact(?: person| name)?)[: ]+"
    rf"(?:{_NAME}|[a-z][a-z.'-]*(?: [a-z][a-z.'-]*){{0,3}}(?= *(?:\n|\Z|[,;|(]|tel|phone|mobile))|(?= *(?:\n|\Z)))"
    rf"|(?:联系|联络)人(?=[ :]*(?:\n|\Z))"
    rf"|{_PHONE}|[a-z0-9._+-]{{1,64}}@[a-z0-9.-]{{3,64}}|{_WEB}|{_NAME} *(?=[:(]? *{_PHONE})"
    r"|\((?:同微信|微信同号|同手机号?|微信|同号|先生|女士)\)|同微信|微信同号"
)
_CONTACTS: Final = (
    rf"(?:(?:{_CONTACT_PIECES})[ ,;|/·、()]*+){{1,12}}+{_LINE_END}|(?:(?:{_CONTACT_PIECES})[ |/·、]*+){{1,12}}+{_END}"
)
_ADDRESSES: Final = (
    r"(?:公司|单位|企业|工厂|联系|通讯|通信|办公|注册|详细"
    r"|厂)?地址:(?=[^\n]{0,30}[省市区县镇路街号村园楼道])[^\n,。;]{2,60}"
    r"|(?:office |company )?address: ?(?=[^\n]*(?:\d|road|street|building|floor|avenue|park))[^\n]{5,120}"
)
# ---- what an enterprise says of itself -----------------------------------------------------------------------------
_FIRM: Final = (
    r"(?:(?:我|我们|本|该|敝)(?:司|公司|厂|企业|单位|集团)|公司|企业|集团|工厂|[^\s,。;:!?]{2,24}?(?:有限公司|公司"
    r"|集团|厂))(?:现|目前|总部)?"
)
_YEAR: Final = r"(?:19|20)\d{2} ?年?(?: ?\d{1,2} ?月)?(?: ?\d{1,2} ?日)?"
_ABOUT: Final = r"(?:约|近|达|为|共|共计|超过?|逾|有|:|总计|人民币|达到)*+ *"
_MONEY: Final = (
    r"\d[\d.]*(?:余|多)? *[万亿千百]*(?:余|多)?(?:元|美元|港元|港币|人民币|美金)(?:人民币)?(?:左右|以上|余)?"
)
_STAFF: Final = (
    r"(?:正式|在职|全职|各类|专业|高级|中级|专职|工程|科研|研发|科技|技术|管理|生产|销售|专业技术|工程技术"
    r"|核心)*+(?:员工|职工|人员|团队|工程师"
    r"|博士|硕士|教授|职称人员|技师)(?:总数|总人数|人数|数)?"
)
_HONOUR_CORE: Final = (
    r"高新技术企业|高新企业|专精特新|小巨人|瞪羚企业|独角兽企业|单项冠军|龙头企业|骨干企业|领军企业|百强"
    r"|企业技术中心|工程技术(?:研究)?中心|工程研究中心"
    r"|博士后(?:科研)?工作站|院士工作站|上市公司|守合同重信用|iso ?\d{4,5}|iatf ?\d{4,5}|纳税大户|示范企业|知名品牌"
    r"|驰名商标|著名商标|名牌产品"
    r"|重点企业|科技型中小企业|创新型企业"
)
_HONOUR: Final = (
    rf"(?:{_HONOUR_CORE}|中小企业|企业|称号|荣誉|认证|认定|授予|资质|证书|质量|环境|管理|体系|是|为|系|属于?|于|被"
    rf"|先后|已|并|也|现|均|获|荣获|获得|获评"
    rf"|评为|入选|拥有|建有|设有|通过|一家|家|国家级?|省级?|市级?|区级?|级|度|首批|第[一二三四五六七八九十\d]+批"
    rf"|连续|多年|重点|了|和|与|、|及|的|等|\"|“|”"
    rf"|'|-|:\d{{4}}|{_YEAR}|[一二三\d]+[项个家]|[\u4e00-\u9fff]{{2,3}}[省市区])"
)
_FACTS: Final = (
    rf"(?:{_FIRM})?(?:(?:自|于|是|始)*{_YEAR}(?:在[^,。;!?\n]{{2,15}}?)?(?:正式|注册)*(?:成立|创立|创建|创办|建厂"
    rf"|建成投产|组建)(?:以来|至今|的|于[^,。;!?\n]{{2,20}})?"
    rf"|(?:正式|注册)*(?:成立|创立|创建|创办|始建|组建|建厂)(?:于|时间:?|日期:?) *{_YEAR}(?:至今)?"
    rf"|(?:注册|实缴)(?:资本|资金)金?{_ABOUT}{_MONEY}"
    rf"|(?:{_YEAR}度?|去年|上年度?|年|实现|总|完成|的|累计){{0,4}}(?:总资产|固定资产|产值|销售额|销售收入|营业额"
    rf"|营业收入"
    rf"|营收|利税|纳税额?|利润(?:总额)?){_ABOUT}{_MONEY}"
    rf"|(?:厂区|园区|基地|总){{0,2}}(?:占地|建筑|厂房|总)(?:总)?(?:面积)?{_ABOUT}(?:(?:\d{{3,}}[\d.]*"
    rf"|\d[\d.]*余?万)[余多]?(?:平方米|平方|平米|m2)|\d[\d.]*[余多]?(?:亩|公顷))[余多]?"
    rf"|(?:现|拥?有|现有|拥有|目前|其中|共有?|总){{0,3}}{_STAFF}{_ABOUT}\d+[余多]?[人名位]?(?:以上|余|多)?"
    rf"|(?:现|拥?有|现有|拥有|目前|其中|共有?)++{_ABOUT}\d+[余多]?[人名位]的?{_STAFF}"
    rf"|(?={_REST}*?(?:{_HONOUR_CORE}))(?:{_HONOUR})++"
    rf"|(?:始终|一直|长期|多年来)*(?:秉承|秉持|奉行|恪守){_NO_NEED}{_REST}{{2,50}}"
    rf"|(?:始终|一直)*以{_NO_NEED}{_REST}{{2,30}}?为(?:宗旨|理念|己任|企业精神|经营方针|企业文化|使命|经营理念))"
    rf"|{_FIRM}(?:位于|坐落[于在]|地处|设在){_NO_NEED}[^,。;!?\n]{{2,30}}?[省市区县镇园湾港][^,。;!?\n]{{0,12}}"
    r"|(?:质量|品质|客户|用户|诚信|信誉|服务)(?:第一|至上|为本|为先)(?:、(?:质量|品质|客户|用户|诚信|信誉"
    r"|服务)(?:第一|至上|为本|为先))*"
)
_CLAIMS: Final = (
    rf"{_NO_NEED}(?:{_FIRM}的?)?(?:(?:是|为|系|属于?|作为){_REST}{{0,6}}?一?家{_REST}{{2,60}}?(?:企业|公司|厂家"
    rf"|工厂|集团|服务商|供应商|制造商|生产商|单位|机构)"
    rf"|(?:专业|主要|一直|长期|多年来?|专门)*(?:从事|主营|经营|致力于|专注于?|专业生产|主要生产|服务于"
    rf"|深耕){_REST}{{2,60}}"
    rf"|(?:主要|主营|主导)(?:产品|业务|客户){_REST}{{2,80}}"
    rf"|产品(?:广泛|主要|已|远|大量|畅)*(?:应用于|用于|销往|出口|销|覆盖){_REST}{{2,50}}"
    rf"|(?:是|一家)*集{_REST}{{2,40}}?[于为]一体{_REST}{{0,20}}"
    rf"|客户(?:包括|有|遍布|遍及|覆盖){_REST}{{2,50}}"
    rf"|(?:现|已|拥有|获得?|授权|各类|国家|累计|其中|共|申请|取得){{0,6}}(?:发明|实用新型|外观设计|软件著作权|软著"
    rf"|专利"
    rf"|著作权|、|和|及|授权)++(?:约|近|超过?|共)*\d+[余多]?[项件个][余多]?)"
)
_FIRM_EN: Final = (
    r"(?:(?:we|our (?:company|firm|factory|group|business)|the (?:company|firm|group)|[a-z0-9&' -]{2,40} (?:ltd"
    r"|limited|inc|gmbh|corporation)\.?)(?: now| currently)?)"
)
_FACTS_EN: Final = (
    rf"(?:{_FIRM_EN} )?(?:(?:was|were|is|are|has been|have been) )?(?:first )?(?:founded|established|set up"
    rf"|incorporated|started)"
    rf" (?:in|since) (?:[a-z]{{3,9}} )?(?:19|20)\d{{2}}(?: (?:in|and based in|and located in) {_REST}{{2,40}})?"
    rf"|{_FIRM_EN} (?:has|have|employs?|with)(?: about| over| more than| around| some| nearly| roughly)? \d[\d.,]*\+? "
    r"(?:employees|staff|people|workers|engineers)(?: (?:in|at|worldwide|and)(?: [a-z0-9]+){0,5})?"
    rf"|{_FIRM_EN} (?:is|are) (?:headquartered|based|located) in [a-z -]{{2,40}}"
    r"|(?:with )?(?:a )?registered capital of [a-z ]{0,10}\d[\d.]*[a-z ]{0,16}"
    rf"|(?:{_FIRM_EN} )?(?:(?:is|are|has been|have been) )?(?:iso|iatf) ?\d{{4,5}}(?:[: ]\d{{4}})?(?: and (?:iso"
    rf"|iatf) ?\d{{4,5}})* certified"
    rf"|(?:{_FIRM_EN} )?(?:is|are) certified (?:to|by|under) (?:iso|iatf) ?\d{{4,5}}"
)
_CLAIMS_EN: Final = (
    rf"{_NO_NEED}(?:{_FIRM_EN} (?:is|are) (?:a|an|one of|the)\b{_REST}{{2,90}}?\b(?:company|manufacturer|supplier"
    rf"|enterprise|maker"
    rf"|provider|producer|firm|factory)s?\b{_REST}{{0,50}}|(?:our )?(?:main|major) (?:products"
    rf"|customers)\b{_REST}{{2,90}}"
    rf"|our products are (?:sold|exported|used){_REST}{{2,60}})"
)
# ---- forms ---------------------------------------------------------------------------------------------------------
_LABEL: Final = _words(
    """
    企业 单位 公司 机构 项目 技术 需求 难题 问题 名称 描述 内容 简介 简述 概况 概述 介绍 情况 基本 主要 具体 关键
    核心 背景 指标 要求 目标 参数 预期 拟 达到 的 及 和 与 、 / 意向 合作 方式 模式 类型 类别 领域 行业 所属 产业
    是否 同意 公开 对外 保密 联系人 联系 备注 填表 填报 日期 时间 编号 序号 征集 登记 调查 调研 申报 表 单 附件 其他
    其它 说明 基本信息 企业信息 联系信息 需求信息 信息表 现状 条件 经费 预算 投入 期限 成果 效益 周期 进度 计划 解决
    考核 详细 拟解决 需解决 待解决 希望 存在 面临 当前 目前 现有 进展 配套 对接 意愿
    """
)
_LABEL_CORE: Final = (
    r"名称|描述|内容|简介|简述|概况|概述|介绍|情况|指标|要求|目标|参数|背景|方式|模式|类型|类别|领域|行业|公开"
    r"|联系人|备注|日期|编号|序号|征集|登记"
    r"|调查|调研|申报|附件|说明|信息|现状|需求|难题|问题|意向|意愿|预算|经费|单位|期限|进度|效益|成果|条件"
)
_LABELS: Final = rf"(?={_LABEL})(?=[^\n:]{{0,16}}?(?:{_LABEL_CORE}))(?:{_LABEL})++(?:\([^()\n]{{1,16}}\))?+"
_NUMBER: Final = (
    r"(?:[一二三四五六七八九十]{1,3}[、.]|\(?\d{1,2}[).、](?!\d)|\([一二三四五六七八九十\d]{1,2}\)|[*#•·-]{1,3} )? *+"
)
_ENGLISH_LABELS: Final = (
    r"(?:technical |company |enterprise |project |problem |contact )?(?:requirements?|description|background|title"
    r"|problem|needs?|targets?|specifications?"
    r"|conditions|objectives?|industry|company|enterprise|information|details|profile|cooperation(?: modes?)?"
    r"|budget|deadline|remarks)"
    r"(?: description| statement| name)?"
)
_LABEL_WITHOUT_VALUE: Final = rf"{_NUMBER}[\[【]?{_LABELS} *(?:[\]】]:?|:|)[ ]*(?=\n|\Z)"
_LABEL_BEFORE_VALUE: Final = rf"{_NUMBER}(?:[\[【]{_LABELS}[\]】]:?|{_LABELS} *:(?!//))"
_ENGLISH_NAMED: Final = (
    r"(?:company|enterprise|firm|applicant|organi[sz]ation)(?: name)?: ?[^\n,。;:]{0,60}(?=[\n,。;]|\Z)"
)
_NAMED: Final = (
    r"(?:(?:需求|申报|填报|提出|发布|推荐|申请|所属|提报)(?:单位|企业|公司|方)(?:名称|全称)?|(?:企业|单位"
    r"|公司)(?:名称|全称))"
    r"(?:\(盖章\))?: *[^\n,。;:]{0,40}(?=[\n,。;]|\Z)"
    r"|(?:统一社会)?信用代码:? *[a-z0-9]{0,20}|组织机构代码:? *[\w-]{0,20}|(?:所在|所属)(?:地区?|区域|城市"
    r"|省市):[^\n,。;:]{0,24}(?=[\n,。;]|\Z)"
    r"|(?:需求|项目)?编号:? *[a-z0-9-]{1,24}|(?:\(?盖章\)?|公章|签字|签章):?"
    r"|(?:是否|同意)(?:同意)?(?:对外)?(?:公开|保密|发布)(?:需求|信息|发布|企业信息)*:? *(?:是|否|公开|不公开|同意"
    r"|不同意|可|可以)?"
    r"|[\u4e00-\u9fff()a-z0-9]{2,30}有限(?:责任)?公司(?=\n|\Z)"
)
_WAYS: Final = _words(
    """
    意向 合作 方式 模式 形式 希望 拟 可 可以 愿意 愿 采用 采取 通过 以 按 为 是 等 或 或者 和 与 及 、 / : 的
    技术开发 技术转让 技术许可 技术入股 技术咨询 技术服务 委托开发 联合开发 合作开发 委托研发 联合研发 合作研发
    联合攻关 技术合作 共建实验室 共建研发中心 共建平台 成果转让 成果转化 专利转让 专利许可 产学研 产学研合作 进行
    开展 均可 都可以 皆可 不限 面议 委托 多种 灵活 我司 我方 公司 双方 协商 其他 其它 全职 兼职 聘请专家 人才引进
    股权合作
    """
)
_COOPERATION: Final = (
    rf"(?={_REST}*?(?:合作(?:方式|模式|形式|意向)|(?:方式|模式|形式)(?:进行|开展)?合作))(?:(?:{_WAYS}) ?)++"
)
_COST: Final = _words(
    """
    项目 研发 拟 总 计划 预计 经费 合作 预算 投入 投资 资金 资助 费用 金额 总额 科研 企业 大概 大约 约 为 是 在
    不超过 共 合计 控制 公司 我司 自筹 本次 该 : 的 人民币 rmb ¥
    """
)
_BUDGETS: Final = (
    rf"(?={_REST}*?(?:预算|投入|投资|资金|经费|资助))(?:(?:{_COST}) ?)++\d[\d.~-]* *[万亿千百]*元?(?:人民币"
    rf"|rmb)?(?:左右|以内|以上|之内|上下|余|内)?"
    r"|(?:预算|价格|费用|经费|资金|投入|报价|合作)+:?(?:金额)?:?(?:可)?(?:面议|可谈|待定|另议|协商|双方协商|商议)"
    r"|(?:our |the )?(?:total )?budget(?: is|:| of)? ?(?:about |around |up to |approx\.? |max\.? )?(?:rmb|cny|usd"
    r"|hkd|us\$|hk\$|eur|\$|¥)? ?\d[\d.,]*"
    r" ?(?:k|m|million|thousand|rmb|cny|usd|hkd|yuan|eur|euros?)*"
)
_DATES: Final = (
    rf"(?:(?:填表|填报|申报|发布|提交|登记|截止|更新|有效)?(?:日期|时间|期)?(?:至|到|于)?:? *)?(?:{_DATE})(?:前|止"
    rf"|截止)?"
    rf"|(?:deadline|date|valid until):? ?(?:\d{{1,2}} )?(?:[a-z]{{3,9}} ?|\d{{1,4}}[-/.])?\d{{1,2}}?,? ?\d{{4}}"
)
_BOX: Final = r"(?:□ ?√?|√|\[ ?[x√]? ?\])"
_OPTION: Final = r"[^\n□√\[\],。;!?:]{1,14}+"
_KNOWN_OPTION: Final = _words(
    """
    是 否 公开 不公开 同意 不同意 其他 其它 新材料 新材料技术 电子信息 电子信息技术 生物医药 生物与新医药 生物技术
    新能源 新能源与节能 新能源汽车 节能环保 资源与环境 高端装备 高端装备制造 先进制造 先进制造与自动化 智能制造
    航空航天 现代农业 农业 海洋 海洋经济 数字经济 软件 人工智能 高技术服务 现代服务业 技术开发 技术转让 技术许可
    技术入股 技术咨询 技术服务 委托开发 联合开发 合作开发 委托研发 联合研发 合作研发 联合攻关 共建实验室 共建平台
    聘请专家 人才引进 产学研合作
    """
)
_NOTHING_TO_ASK: Final = rf"(?![^\n]{{0,60}}?(?:{_NEED}))"
_OPTIONS: Final = (
    rf"(?=[^\n]{{0,60}}[□√\[]){_NOTHING_TO_ASK}(?:{_NUMBER}(?:{_LABELS}) *:? *)?"
    rf"(?:(?:{_BOX}{_OPTION}[,;]? *){{2,}}+|(?:{_OPTION}{_BOX} *){{2,}}+|{_BOX} *(?:{_KNOWN_OPTION}) *)(?:(?<=[,;])"
    rf"|{_END})"
    rf"|(?:{_LABELS}) *: *(?:{_BOX}{_OPTION})++(?=[\n。;]|\Z)"
)

# The cues of each kind. Every alternative begins with a character that is rare in needs, since ``re`` skips all others
# quickly; so some look back from their end.
_COURTESY_CUES: Final = (
    r"谢|感激|打扰|好(?:意思|(?<=[师家导理任授上午们您你]好)|(?<=各位好))|抱歉|冒昧|辛苦|麻烦[了您你大]|拜托|期待"
    r"|盼|静候|恭候|敬|各位|诸位|尊敬的|吗(?<=在吗)"
    r"|欢迎|以上(?<=[\n,。;!?]以上)(?=[\n,。;!?]|\Z)|些(?<=就这些)|特此|商祺|此致|祝|荷(?<=为荷)|顺利|顺颂|愉快"
    r"|联[系络]"
    r"|咨询|致电|谈(?<=面谈)|见附件|垂询|拨打"
    r"|谨[上启呈]|拜上|件人:|送时间:|写道|抄送:|密送:|本邮件|此邮件|误收|错收|我的(?<=发自我的)"
    r"|邮箱(?<=发自\w\w邮箱)|安(?<=[夏秋冬春台]安)|---"
)
_CONTACT_CUES: Final = (
    r"1[3-9]\d[ -]?\d{4}|-(?<=\D0\d\d-)|-(?<=\D0\d{3}-)|话[:0-9 (]|座机|传真|热线|微信|众号|邮[编箱件]|址:|站:|官网"
    r"|@|//|www\.|责人:|接人:|联[系络]|表人|报人|经办人"
)
_LABEL_ENDS: Final = (
    "名称|描述|内容|简介|简述|概况|概述|介绍|情况|指标|要求|目标|参数|背景|方式|模式|类型|类别|领域|行业|公开|备注|日期|编号|登记|调查|调研|说明|信息|现状|需求"
    "|难题|问题|意向|意愿|预算|经费|单位|期限|进度|效益|成果|条件|企业|公司|时间|记表|集表|查表|集单|区域|地区"
)
_LABEL_CUES: Final = (
    rf":(?<=[称述容介况标求数景式型别域业公密布信言状难题向愿算费位限度益果件号期明查报录表单体区司间开)\]】]:)"
    rf"|\n(?<=(?:{_LABEL_ENDS})\n)|】"
    r"|盖章(?=[):]|\n)|签[字章](?=[):]|\n)|信用代码|构代码|限公司(?=\n)|限责任公司(?=\n)"
)
_FORM_CUES: Final = (
    r"预算|投[入资]|资[金助]|经费|报价(?=:|面|可|待|另|协|双)|议(?<=面议)|方式|模式|形式|□|√|月(?<=20\d\d年\d月)"
    r"|月(?<=20\d\d年\d\d月)"
    r"|\[(?=[x√]\])"
)
_FIRM_CUES: Final = (
    r"立于|成立|创[建立办]|始建|组建|建厂|注册资|实缴|资产|产值|售[额收]|营[业收]|税(?<=[利纳]税)|润(?<=利润)|占地"
    r"|筑面积|厂房(?=\D{0,4}\d)"
    r"|员工|职工|余人|多人|余名|多名|员(?=.{0,6}\d)|师(?=.{0,4}\d)"
    r"|博士|硕士|教授|高新|专精特新|巨人|瞪羚|独角兽|冠军|龙头|骨干企业|领军|百强|究中心|术中心|科研工作站|院士"
    r"|市公司|守合同|商标|品牌|名牌|范企业|科技型|创新型"
    r"|位于|坐落|地处|秉[承持]|奉行|恪守|宗旨|理念|己任|使命|至上|第一|为[先本]"
)
# English asides are recognised by the beginning of a clause.
_ENGLISH_CUES: Final = (
    r"[\n,。;!?.](?=\s?[a-z+(\d])\s?(?:[+(]"
    r"|dear|to whom|hi\b|hello|hey|good |greetings|thank|thx|many thanks|with (?:best|kind|warm|many|my|thanks|over"
    r"|more|a reg)|my best|best|kind|warm|regards|looking "
    r"|(?:we|i)(?: am| are)? look|yours|sincerely|respectfully|cheers|all the best|(?:we |i )?hope "
    r"|please (?:contact|call|email|e-mail|reach|reply|feel|do not|don't|advise|see"
    r"|consider)|contact|call |email|reach |reply|for (?:more|further|additional) (?:info|detail)|if you (?:need"
    r"|are not|have rec)|feel free|do not hes|don't hes|sorry|any help"
    r"|much app|this (?:e-?mail|mess|comm|trans)|the (?:information|contents|company|firm|group|total|budget)|sent"
    r"|get outlook|unsubscribe|on .{5,100} wrote|from:|to:|b?cc:"
    r"|date:|tel|phone|mobile|cell|fax|whatsapp|wechat|qq|e-?mail|mail:|web|home|address|office addr|company addr"
    r"|our (?:company|firm|factory|group|business|main|major|products|budget)"
    r"|we (?:are|were|have|employ)|founded|established|set up|incorporated|started|(?:was|were|is|are|has been"
    r"|have been) (?:first )?(?:found|estab|set up|incorp|start|based|locat|cert|iso)"
    r"|iso|iatf|a registered|registered|certified|main (?:prod|cust)|major (?:prod|cust)|[a-z][a-z ]{2,40}:|budget"
    r"|total budget|deadline|valid|\d{4}[-/.]\d{1,2}[-/.]\d)"
)
# The cues of an enterprise that presents itself in English.
_ENGLISH_FIRM_CUES: Final = (
    r"[\n,。;!?.]\s?(?:our (?:company|firm|factory|group|business|main|major|products)|the (?:company|firm|group)"
    r"|we (?:are|were|have|employ)|founded|established|set up"
    r"|incorporated|started|(?:was|were|is|are|has been|have been) (?:first )?(?:found|estab|set up|incorp|start"
    r"|based|locat|cert|iso)|iso|iatf|(?:with )?a registered|registered"
    r"|certified|main (?:prod|cust)|major (?:prod|cust))"
)


class AsideKind(NamedTuple):
    """A kind of asides: the pattern of its cues, and the patterns of its clauses."""

    cues: str
    clauses: Sequence[str]


COURTESIES: Final = AsideKind(
    _COURTESY_CUES,
    (
        rf"(?:{_SIGNATURES})",
        rf"(?:{_FOOTERS})",
        rf"(?:{_COURTESIES}|{_INVITATIONS}){_END}",
        _HELLO_PREFIX,
    ),
)
CONTACTS: Final = AsideKind(_CONTACT_CUES, (_CONTACTS, rf"(?:{_ADDRESSES}){_SENTENCE_END}"))
FORMS: Final = AsideKind(
    _FORM_CUES,
    (
        rf"(?:{_OPTIONS})",
        rf"(?:{_COOPERATION}|{_BUDGETS}|{_DATES}){_END}",
    ),
)
LABELS: Final = AsideKind(_LABEL_CUES, (rf"(?:{_NAMED}){_END}", _LABEL_WITHOUT_VALUE, _LABEL_BEFORE_VALUE))
ENGLISH: Final = AsideKind(
    _ENGLISH_CUES,
    (
        rf"(?:{_SIGNATURES})",
        rf"(?:{_FOOTERS})",
        _CONTACTS,
        rf"(?:{_ADDRESSES}){_SENTENCE_END}",
        rf"(?:{_ENGLISH_NAMED}|{_BUDGETS}|{_DATES}|{_ENGLISH_COURTESIES}){_END}",
        rf"(?:{_ENGLISH_LABELS}):",
    ),
)
# What an enterprise says about itself: facts, and claims about products and trade, which are asides only among facts.
FACTS: Final = AsideKind(_FIRM_CUES, (rf"(?:{_FACTS}){_END}",))
ENGLISH_FACTS: Final = AsideKind(_ENGLISH_FIRM_CUES, (rf"(?:{_FACTS_EN}){_END}",))
CLAIMS: Final = rf"{_SPACE}(?:{_CLAIMS}|{_CLAIMS_EN}){_END}"
